//! Agreement of label maps: the measures of "Fully convolutional networks" (Long, Shelhamer and Darrell 2015, section 5), which
//! both papers report for photo-to-labels.

/// How often class `i` of the target was shown as class `j`, summed over any number of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// `counts[i * classes + j]`.
    counts: Vec<u64>,
}

impl Confusion {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts the pixels of one image; classes past the last are not counted. Both must be equally long.
    pub fn add(&mut self, target: &[u16], output: &[u16]) {
        for (t, o) in target.iter().zip(output) {
            let (t, o) = (usize::from(*t), usize::from(*o));
            if t < self.classes && o < self.classes {
                self.counts[t * self.classes + o] += 1;
            }
        }
    }

    /// Counts what another has counted; both have as many classes.
    pub fn merge(&mut self, other: &Self) {
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(a, b)| *a += b);
    }

    /// The part of the pixels that show their class: `sum_i n_ii / sum_i t_i`. NaN where nothing was counted.
    pub fn pixel_accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|i| self.right(i)).sum();
        right as f64 / self.counts.iter().sum::<u64>() as f64
    }

    /// The mean over the classes of `n_ii / t_i`; classes that no target has are left out.
    pub fn class_accuracy(&self) -> f64 {
        mean((0..self.classes).filter_map(|i| ratio(self.right(i), self.targets(i))))
    }

    /// The mean over the classes of `n_ii / (t_i + sum_j n_ji - n_ii)`, intersection over union; classes that neither targets
    /// nor outputs have are left out.
    pub fn class_iou(&self) -> f64 {
        mean((0..self.classes).filter_map(|i| {
            let right = self.right(i);
            ratio(right, self.targets(i) + self.outputs(i) - right)
        }))
    }

    /// `n_ii`.
    fn right(&self, i: usize) -> u64 {
        self.counts[i * self.classes + i]
    }

    /// `t_i`: pixels of the target that have class `i`.
    fn targets(&self, i: usize) -> u64 {
        self.counts[i * self.classes..(i + 1) * self.classes].iter().sum()
    }

    /// Pixels of the output that have class `i`.
    fn outputs(&self, i: usize) -> u64 {
        (0..self.classes).map(|t| self.counts[t * self.classes + i]).sum()
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0u32);
    for v in values {
        sum += v;
        n += 1;
    }
    sum / f64::from(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(classes: usize, target: &[u16], output: &[u16]) -> [f64; 3] {
        let mut c = Confusion::new(classes);
        c.add(target, output);
        [c.pixel_accuracy(), c.class_accuracy(), c.class_iou()]
    }

    #[test]
    fn equal_maps_are_perfect_whatever_classes_they_lack() {
        assert_eq!(of(5, &[0, 1, 1, 3], &[0, 1, 1, 3]), [1.0; 3]);
    }

    #[test]
    fn known_values() {
        // Targets: 4 of class 0, 2 of class 1. One 0 is shown as 1, one 1 as 2, which no target has.
        let got = of(4, &[0, 0, 0, 0, 1, 1], &[0, 0, 0, 1, 1, 2]);
        let expected = [
            4.0 / 6.0,
            (3.0 / 4.0 + 1.0 / 2.0) / 2.0,
            // Class 2 has a union of one pixel and no intersection; class 3 is nowhere.
            (3.0 / 4.0 + 1.0 / 3.0 + 0.0) / 3.0,
        ];
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() < 1e-12, "{got:?}");
        }
    }

    #[test]
    fn sums_over_images_are_those_of_one_large_image() {
        let (t, o) = ([0, 1, 2, 2, 1, 0], [0, 1, 1, 2, 0, 0]);
        let mut parts = Confusion::new(3);
        parts.add(&t[..2], &o[..2]);
        let mut rest = Confusion::new(3);
        rest.add(&t[2..], &o[2..]);
        parts.merge(&rest);
        let mut whole = Confusion::new(3);
        whole.add(&t, &o);
        assert_eq!(parts, whole);
    }

    #[test]
    fn nothing_counted_has_no_value() {
        assert!(of(2, &[], &[]).iter().all(|v| v.is_nan()));
    }
}
