//! The kernels of `kernels.cu` by name, and the shape of their launches.

/// Threads of every block: THREADS there.
pub(crate) const THREADS: u32 = 256;

/// Values of a tensor that a block updates: SHARE there.
pub(crate) const SHARE: usize = 4096;

/// The kernels' text.
pub(crate) const SOURCE: &str = include_str!("kernels.cu");

macro_rules! kernels {
    ($($kernel:ident = $name:literal,)*) => {
        /// A kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kernel {
            $($kernel),*
        }

        /// Their names in `kernels.cu`, in the order of [`Kernel`].
        pub(crate) const NAMES: &[&str] = &[$($name),*];
    };
}

kernels! {
    Activate = "activate",
    ScaleBySlope = "scale_by_slope",
    ActivationBackward = "activation_backward",
    BiasActivate = "bias_activate",
    Add = "add",
    Accumulate = "accumulate",
    Concat = "concat",
    ConcatBackward = "concat_backward",
    Dropout = "dropout",
    ReflectionPad = "reflection_pad",
    ReflectionPadBackward = "reflection_pad_backward",
    Fit = "fit",
    FitBackward = "fit_backward",
    Upsample = "upsample",
    UpsampleBackward = "upsample_backward",
    PlanesToPixels = "planes_to_pixels",
    PixelsToPlanes = "pixels_to_planes",
    Mix = "mix",
    Exchange = "exchange",
    ColumnSums = "column_sums",
    Moments = "moments",
    RunningStatistics = "running_statistics",
    Normalise = "normalise",
    NormSums = "norm_sums",
    NormBackward = "norm_backward",
    TangentMeans = "tangent_means",
    NormTangent = "norm_tangent",
    NormTangentBackward = "norm_tangent_backward",
    NormTangentWeight = "norm_tangent_weight",
    WeightsOfFew = "weights_of_few",
    Fold = "fold",
    NarrowOfFew = "narrow_of_few",
    NarrowOfFewPixels = "narrow_of_few_pixels",
    WidenOfFewPixels = "widen_of_few_pixels",
    Loss = "loss",
    LossBackward = "loss_backward",
    Penalty = "penalty",
    PenaltyDirection = "penalty_direction",
    Adam = "adam",
    Squares = "squares",
    Clear = "clear",
    Put = "put",
    SelfTest = "self_test",
}

/// A kernel's parameter, in the eight bytes that a launch gives each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arg(pub(crate) u64);

/// A device address.
pub(crate) fn at(pointer: u64) -> Arg {
    Arg(pointer)
}

/// A device address, or none.
pub(crate) fn maybe(pointer: Option<u64>) -> Arg {
    Arg(pointer.unwrap_or(0))
}

/// A flag or an unsigned number of 32 bits.
pub(crate) fn uint(value: impl Into<u64>) -> Arg {
    Arg(value.into())
}

/// A length; checked to be below 2^31 where tensors are made.
pub(crate) fn len(value: usize) -> Arg {
    Arg(value as u64)
}

/// An f32.
pub(crate) fn real(value: f32) -> Arg {
    Arg(u64::from(value.to_bits()))
}

/// An f64.
pub(crate) fn double(value: f64) -> Arg {
    Arg(value.to_bits())
}

/// Blocks for `values` that any thread may take: enough to fill a device of `multiprocessors` eight times, four values a thread.
pub(crate) fn blocks(values: usize, multiprocessors: u32) -> u32 {
    let wanted = values.div_ceil(4 * THREADS as usize).max(1);
    // Where there are few values, one each is sooner done.
    let wanted = if wanted < multiprocessors as usize {
        values.div_ceil(THREADS as usize)
    } else {
        wanted
    };
    u32::try_from(wanted)
        .unwrap_or(u32::MAX)
        .clamp(1, 8 * multiprocessors)
}

/// How the rows of `groups` equally tall matrices are shared out for sums of their columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Columns of a block, a power of two.
    pub(crate) width: u32,
    /// Blocks side by side.
    pub(crate) tiles: u32,
    /// Rows of a block.
    pub(crate) chunk: u32,
    /// Blocks one above the other.
    pub(crate) chunks: u32,
    /// Matrices.
    pub(crate) groups: u32,
}

impl Columns {
    /// Shares out `rows` of `columns` each.
    pub(crate) fn new(rows: usize, columns: usize, groups: usize, multiprocessors: u32) -> Self {
        let width = columns.next_power_of_two().min(32);
        let (tiles, pass) = (columns.div_ceil(width), THREADS as usize / width);
        let room = (8 * multiprocessors as usize / (tiles * groups).max(1)).max(1);
        let chunks = room.min(rows.div_ceil(8 * pass)).max(1);
        let chunk = rows.div_ceil(chunks).next_multiple_of(pass);
        Self {
            width: width as u32,
            tiles: tiles as u32,
            chunk: chunk as u32,
            chunks: rows.div_ceil(chunk) as u32,
            groups: groups as u32,
        }
    }

    /// The launch's grid.
    pub(crate) fn grid(&self) -> [u32; 3] {
        [self.tiles, self.chunks, self.groups]
    }

    /// Sums in f64 that blocks leave for the last.
    pub(crate) fn partial(&self, columns: usize) -> usize {
        if self.chunks == 1 {
            0
        } else {
            self.groups as usize * self.chunks as usize * 2 * columns
        }
    }

    /// Counters of finished blocks.
    pub(crate) fn tickets(&self) -> usize {
        if self.chunks == 1 {
            0
        } else {
            (self.tiles * self.groups) as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_kernel_and_every_kernel_has_a_name() {
        let marker = "extern \"C\" __global__ void ";
        let mut found: Vec<&str> = SOURCE
            .split(marker)
            .skip(1)
            .filter_map(|text| text.split('(').next())
            .collect();
        let mut names = NAMES.to_vec();
        found.sort_unstable();
        names.sort_unstable();
        assert_eq!(found, names);
        assert!(SOURCE.contains(&format!("#define THREADS {THREADS}\n")));
        assert!(SOURCE.contains(&format!("#define SHARE {SHARE}\n")));
    }

    #[test]
    fn shares_cover_every_row_and_column_once() {
        for rows in [1, 2, 3, 63, 64, 65, 1000, 65_536, 1_000_003] {
            for columns in [1, 2, 3, 31, 32, 33, 512, 1000] {
                for groups in [1, 3, 16] {
                    let c = Columns::new(rows, columns, groups, 132);
                    assert!(c.width.is_power_of_two() && c.width <= 32);
                    assert!(c.tiles * c.width >= columns as u32 && (c.tiles - 1) * c.width < columns as u32);
                    assert!(u64::from(c.chunks) * u64::from(c.chunk) >= rows as u64, "{c:?}");
                    assert!(
                        u64::from(c.chunks - 1) * u64::from(c.chunk) < rows as u64,
                        "{c:?}"
                    );
                    assert!(c.chunk.is_multiple_of(THREADS / c.width));
                    let most = (8 * 132).max(c.tiles * c.groups);
                    assert!(c.tiles * c.chunks * c.groups <= most, "{c:?}");
                }
            }
        }
    }

    #[test]
    fn blocks_are_neither_none_nor_without_bound() {
        assert_eq!(blocks(0, 132), 1);
        assert_eq!(blocks(1, 132), 1);
        assert_eq!(blocks(257, 132), 2);
        assert_eq!(blocks(1 << 30, 132), 8 * 132);
    }
}
