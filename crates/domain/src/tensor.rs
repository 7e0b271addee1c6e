//! Named tensors in host memory: weights and optimiser state on their way to and from files.

/// A tensor's values.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// Single precision.
    F32(Vec<f32>),
    /// Counters, such as a batch norm's `num_batches_tracked`.
    I64(Vec<i64>),
}

/// A tensor's name, shape and type, without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The public checkpoint name, such as `model.model.0.weight`.
    pub name: String,
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// True for `I64`, false for `F32`.
    pub integer: bool,
}

impl TensorInfo {
    /// How many values the tensor has.
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A tensor with its name and values.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// The public checkpoint name.
    pub name: String,
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub data: TensorData,
}
