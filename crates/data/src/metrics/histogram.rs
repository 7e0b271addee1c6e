//! Agreement of the colours of two sets of images (Swain and Ballard 1991, "Color indexing").

use diptych_domain::Images;

/// Bins a channel.
const BINS: usize = 8;

/// A normalised colour histogram: 8 bins a channel, of grey (1 or 2 channels) or of red, green and blue together; alpha is left
/// out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts every pixel of `images`, whatever their size; all that are added must have as many channels.
    pub fn add(&mut self, images: &Images) {
        let channels = if images.c < 3 { 1 } else { 3 };
        let bins = BINS.pow(channels as u32);
        self.counts.resize(self.counts.len().max(bins), 0);
        let pixels = images.h * images.w;
        for i in 0..images.n {
            let image = images.image(i);
            for p in 0..pixels {
                let bin = (0..channels).fold(0, |bin, k| bin * BINS + place(image[k * pixels + p]));
                self.counts[bin] += 1;
            }
        }
    }

    /// `sum_j min(h_j, g_j)` of the two, each normalised to 1: 1 for the same colours in the same amounts, 0 for none in common.
    /// NaN where one is of nothing.
    pub fn intersection(&self, other: &Self) -> f64 {
        let totals = [self, other].map(|h| h.counts.iter().sum::<u64>() as f64);
        if totals.contains(&0.0) {
            return f64::NAN;
        }
        self.counts
            .iter()
            .zip(&other.counts)
            .map(|(a, b)| (*a as f64 / totals[0]).min(*b as f64 / totals[1]))
            .sum()
    }
}

/// The bin of a value in [-1, 1].
fn place(v: f32) -> usize {
    (((v + 1.0) * 0.5 * BINS as f32) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::fixtures::noisy;

    fn flat(colour: [f32; 3], h: usize) -> Images {
        let mut images = Images::zeros(1, 3, h, 4);
        for (plane, v) in images.data.chunks_exact_mut(h * 4).zip(colour) {
            plane.fill(v);
        }
        images
    }

    fn intersection(a: &[&Images], b: &[&Images]) -> f64 {
        let [a, b] = [a, b].map(|set| {
            let mut histogram = Histogram::default();
            set.iter().for_each(|images| histogram.add(images));
            histogram
        });
        a.intersection(&b)
    }

    #[test]
    fn a_set_agrees_with_itself_and_not_with_other_colours() {
        let (a, b) = noisy();
        assert!((intersection(&[&a], &[&a]) - 1.0).abs() < 1e-12);
        let both = intersection(&[&a], &[&b]);
        assert!(
            (0.0..1.0).contains(&both) && both == intersection(&[&b], &[&a]),
            "{both}"
        );
        let (red, blue) = (flat([1.0, -1.0, -1.0], 4), flat([-1.0, -1.0, 1.0], 4));
        assert_eq!(intersection(&[&red], &[&blue]), 0.0);
    }

    #[test]
    fn amounts_count_and_sizes_do_not() {
        let (red, blue) = (flat([1.0, -1.0, -1.0], 4), flat([-1.0, -1.0, 1.0], 4));
        assert_eq!(intersection(&[&red, &blue], &[&red]), 0.5);
        // Twelve red pixels and four blue ones against as many of each: 1/2 + 1/4.
        assert_eq!(
            intersection(
                &[&flat([1.0, -1.0, -1.0], 3), &flat([-1.0, -1.0, 1.0], 1)],
                &[&red, &blue]
            ),
            0.75
        );
    }

    #[test]
    fn nothing_has_no_value() {
        assert!(intersection(&[], &[&flat([0.0; 3], 2)]).is_nan());
    }
}
