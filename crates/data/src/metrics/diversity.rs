//! How much the images of a set differ from one another.

use diptych_domain::Images;

/// The mean absolute difference between two images, over every pair among `images`, on the scale where black is 0 and white is 1.
/// `None` where fewer than two images have the shape of the first.
pub fn mean_pairwise_l1(images: &[&Images]) -> Option<f64> {
    let all: Vec<&[f32]> = images
        .iter()
        .filter(|i| i.shape()[1..] == images[0].shape()[1..])
        .flat_map(|batch| (0..batch.n).map(|i| batch.image(i)))
        .collect();
    let (mut sum, mut pairs) = (0.0, 0u32);
    for (i, a) in all.iter().enumerate() {
        for b in &all[i + 1..] {
            let total: f64 = a.iter().zip(*b).map(|(x, y)| f64::from((x - y).abs())).sum();
            sum += 0.5 * total / a.len().max(1) as f64;
            pairs += 1;
        }
    }
    (pairs > 0).then(|| sum / f64::from(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(v: f32) -> Images {
        Images {
            data: vec![v; 12],
            ..Images::zeros(1, 3, 2, 2)
        }
    }

    #[test]
    fn equal_images_do_not_vary_and_the_mean_is_over_pairs() {
        let (black, white) = (flat(-1.0), flat(1.0));
        assert_eq!(mean_pairwise_l1(&[&black, &black, &black]), Some(0.0));
        assert_eq!(mean_pairwise_l1(&[&black, &white]), Some(1.0));
        // Two of three pairs differ.
        assert_eq!(mean_pairwise_l1(&[&black, &white, &white]), Some(2.0 / 3.0));
    }

    #[test]
    fn one_image_varies_in_nothing() {
        assert_eq!(mean_pairwise_l1(&[]), None);
        assert_eq!(mean_pairwise_l1(&[&flat(0.0), &Images::zeros(1, 3, 2, 4)]), None);
    }
}
