//! Whether two images are bright in the same places.

use diptych_domain::Images;

/// A deviation below this counts as none.
const FLAT: f64 = 1e-4;

/// Pearson's correlation between the values of the first image of each batch, from -1 to 1: channel by channel where both have as
/// many, else between the channels' means. `None` where sizes differ or one is flat.
pub fn correlation(left: &Images, right: &Images) -> Option<f64> {
    if left.n == 0 || right.n == 0 || (left.h, left.w) != (right.h, right.w) {
        return None;
    }
    if left.c == right.c {
        return pearson(left.image(0), right.image(0));
    }
    let grey = |images: &Images| {
        let pixels = images.h * images.w;
        let image = images.image(0);
        let mean = |p| (0..images.c).map(|k| image[k * pixels + p]).sum::<f32>() / images.c as f32;
        (0..pixels).map(mean).collect::<Vec<f32>>()
    };
    pearson(&grey(left), &grey(right))
}

fn pearson(a: &[f32], b: &[f32]) -> Option<f64> {
    let n = a.len() as f64;
    let mean = |v: &[f32]| v.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let [mut aa, mut bb, mut ab] = [0.0; 3];
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x) - mean_a, f64::from(*y) - mean_b);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    let flat = |squares: f64| (squares / n).sqrt() < FLAT;
    (n > 0.0 && !flat(aa) && !flat(bb)).then(|| ab / (aa * bb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixtures::noisy;

    #[test]
    fn an_image_agrees_with_itself_and_is_opposed_to_its_negative() {
        let (a, b) = noisy();
        let negative = Images {
            data: a.data.iter().map(|v| 0.2 - 0.5 * v).collect(),
            ..a.clone()
        };
        assert!((correlation(&a, &a).unwrap() - 1.0).abs() < 1e-9);
        assert!((correlation(&a, &negative).unwrap() + 1.0).abs() < 1e-6);
        assert!(correlation(&a, &b).unwrap() > 0.9);
    }

    #[test]
    fn known_value() {
        let image = |data: [f32; 4]| Images {
            data: data.to_vec(),
            ..Images::zeros(1, 1, 2, 2)
        };
        // By hand: deviations (-1.5, -.5, .5, 1.5)/4 and (-1, 1, -1, 1)/4.
        let got = correlation(&image([0.0, 0.25, 0.5, 0.75]), &image([0.0, 0.5, 0.0, 0.5])).unwrap();
        assert!((got - 2.0 / 20.0f64.sqrt()).abs() < 1e-6, "{got}");
    }

    #[test]
    fn other_channels_are_compared_by_their_means_and_flat_images_not_at_all() {
        let (a, _) = noisy();
        let grey = Images {
            n: 1,
            c: 1,
            data: (0..a.h * a.w)
                .map(|p| (0..3).map(|k| a.data[k * a.h * a.w + p]).sum::<f32>() / 3.0)
                .collect(),
            ..a.clone()
        };
        assert!((correlation(&a, &grey).unwrap() - 1.0).abs() < 1e-6);
        assert_eq!(correlation(&a, &Images::zeros(1, 3, a.h, a.w)), None);
        assert_eq!(correlation(&a, &Images::zeros(1, 3, 2, 2)), None);
    }
}
