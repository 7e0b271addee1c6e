//! Plain image batches: what crosses the edge between data, plugins and screens.

/// A batch of images, NCHW, f32, in [-1, 1].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// Images in the batch.
    pub n: usize,
    /// Channels of each image (1 to 4).
    pub c: usize,
    /// Height in pixels.
    pub h: usize,
    /// Width in pixels.
    pub w: usize,
    /// `n * c * h * w` values; index `((i * c + k) * h + y) * w + x`.
    pub data: Vec<f32>,
}

impl Images {
    /// A batch of zeros (mid-grey).
    pub fn zeros(n: usize, c: usize, h: usize, w: usize) -> Self {
        Self {
            n,
            c,
            h,
            w,
            data: vec![0.0; n * c * h * w],
        }
    }

    /// The shape `[n, c, h, w]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.n, self.c, self.h, self.w]
    }

    /// The values of image `i`: `c * h * w` of them.
    ///
    /// # Panics
    /// Where `i >= n`.
    pub fn image(&self, i: usize) -> &[f32] {
        let len = self.c * self.h * self.w;
        &self.data[i * len..(i + 1) * len]
    }

    /// Image `i` as a batch of one.
    ///
    /// # Panics
    /// Where `i >= n`.
    pub fn single(&self, i: usize) -> Self {
        Self {
            n: 1,
            c: self.c,
            h: self.h,
            w: self.w,
            data: self.image(i).to_vec(),
        }
    }
}

/// One training batch: `a` is the input and `b` the target *after* `direction` is applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImagePair {
    /// Inputs.
    pub a: Images,
    /// Targets (for unaligned data: the other domain).
    pub b: Images,
    /// Where each image of `a` came from, for captions; as many as `a.n`.
    pub names: Vec<String>,
}
