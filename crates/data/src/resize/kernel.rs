//! The filter's taps for each output pixel of one axis.

/// Taps of consecutive output pixels: pixel `i` reads inputs `starts[i]..starts[i] + lens[i]` with the weights at
/// `i * width`.
pub(super) struct Kernel {
    pub starts: Vec<usize>,
    pub lens: Vec<usize>,
    pub width: usize,
    pub weights: Vec<f64>,
}

/// Keys' cubic with a = -0.5.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

impl Kernel {
    /// Taps for output pixels `first..first + count` of a resize from `input` to `output` pixels. Shrinking widens the
    /// filter by the scale, which is what keeps it from aliasing. The order of the f64 operations is PIL's.
    pub fn bicubic(input: usize, output: usize, first: usize, count: usize) -> Self {
        let scale = input as f64 / output as f64;
        let filter_scale = scale.max(1.0);
        let support = 2.0 * filter_scale;
        let width = support.ceil() as usize * 2 + 1;
        let inverse = 1.0 / filter_scale;
        let mut kernel = Self {
            starts: Vec::with_capacity(count),
            lens: Vec::with_capacity(count),
            width,
            weights: vec![0.0; count * width],
        };
        for (weights, out) in kernel.weights.chunks_exact_mut(width).zip(first..) {
            let center = (out as f64 + 0.5) * scale;
            // The casts saturate at 0, as PIL clamps.
            let start = (center - support + 0.5) as usize;
            let len = ((center + support + 0.5) as usize).min(input) - start;
            let mut sum = 0.0;
            for (i, w) in weights[..len].iter_mut().enumerate() {
                *w = cubic(((i + start) as f64 - center + 0.5) * inverse);
                sum += *w;
            }
            if sum != 0.0 {
                weights[..len].iter_mut().for_each(|w| *w /= sum);
            }
            kernel.starts.push(start);
            kernel.lens.push(len);
        }
        kernel
    }

    /// Output pixels.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The inputs that any output reads.
    pub fn span(&self) -> std::ops::Range<usize> {
        let end = self
            .starts
            .iter()
            .zip(&self.lens)
            .map(|(s, l)| s + l)
            .max()
            .unwrap_or(0);
        self.starts.iter().copied().min().unwrap_or(0)..end
    }

    /// Each output's first input and weights.
    pub fn taps<'a, T>(&'a self, weights: &'a [T]) -> impl Iterator<Item = (usize, &'a [T])> {
        self.starts
            .iter()
            .zip(&self.lens)
            .zip(weights.chunks_exact(self.width))
            .map(|((&start, &len), w)| (start, &w[..len]))
    }
}
