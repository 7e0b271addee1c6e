//! The device trait that networks are generic over, and the tensor types that cross it.

use dfdx::shapes::Rank0;
use dfdx::tensor::{
    Cache, CopySlice, Gradients, Merge, NoneTape, OwnedTape, Storage, Synchronize, Tape, Tensor,
    TensorFromVec, ZerosTensor,
};

use crate::activation::ActivationKernel;
use crate::adam::AdamKernel;
use crate::add::{AddKernel, add_images};
use crate::batch::BatchKernel;
use crate::batch_norm::BatchNormKernel;
use crate::concat::{ConcatKernel, concat_relu};
use crate::conv::{ConvKernel, Direction, conv_transpose2d, conv2d};
use crate::cpu::scratch::Saved;
use crate::dropout::DropoutKernel;
use crate::error::OpError;
use crate::filter::{Filter, FilterKernel};
use crate::fit::FitKernel;
use crate::geometry::{ConvConfig, ConvGeometry};
use crate::gradient_penalty::GradientPenaltyKernel;
use crate::instance_norm::InstanceNormKernel;
use crate::layout::LayoutKernel;
use crate::loss::LossKernel;
use crate::norm_tangent::NormTangentKernel;
use crate::reflection_pad::{ReflectionPadKernel, reflection_pad};
use crate::upsample::UpsampleKernel;

/// A batch of images: `[n, c, h, w]`.
pub type Images4<D, T = NoneTape> = Tensor<(usize, usize, usize, usize), f32, D, T>;

/// A bias or a norm's parameters: `[c]`.
pub type Vector<D> = Tensor<(usize,), f32, D>;

/// A loss.
pub type Scalar<D, T = NoneTape> = Tensor<Rank0, f32, D, T>;

/// A tape that operations can be recorded on, or none.
pub trait Flow<D: ImageDevice>: Tape<f32, D> + Merge<Self> + 'static {}

impl<D: ImageDevice> Flow<D> for NoneTape {}
impl<D: ImageDevice> Flow<D> for OwnedTape<f32, D> {}

/// What every device can do with a gradient's buffer.
pub trait GradientBuffer: Storage<f32> {
    /// Takes the buffer out of its slot, leaving an empty one: a node's gradient is needed once, and freed early.
    ///
    /// # Errors
    /// Where the device fails.
    fn take_buffer(&self, slot: &mut Self::Vec) -> Result<Self::Vec, Self::Err>;

    /// [`GradientBuffer::take_buffer`] of a slot that is allocated where there is none yet. The buffer then counts as zeros, but
    /// a device need not fill it before it is written to.
    ///
    /// # Errors
    /// Where the device fails.
    fn take_slot<'a>(
        &self,
        get: impl FnOnce() -> Result<&'a mut Self::Vec, Self::Err>,
    ) -> Result<Self::Vec, Self::Err> {
        self.take_buffer(get()?)
    }

    /// Runs allocations whose first content does not matter.
    fn without_filling<R>(&self, allocate: impl FnOnce() -> R) -> R {
        allocate()
    }

    /// Copies a buffer to the host.
    ///
    /// # Errors
    /// Where the device fails.
    fn buffer_to_host(&self, buffer: &Self::Vec) -> Result<Vec<f32>, Self::Err>;

    /// The sum of the squares of a buffer's values.
    ///
    /// # Errors
    /// Where the device fails.
    fn sum_of_squares(&self, buffer: &Self::Vec) -> Result<f64, Self::Err>;

    /// The sum over several buffers.
    ///
    /// # Errors
    /// Where the device fails.
    fn sums_of_squares(&self, buffers: &[&Self::Vec]) -> Result<f64, Self::Err> {
        let mut sum = 0.0;
        for buffer in buffers {
            sum += self.sum_of_squares(buffer)?;
        }
        Ok(sum)
    }

    /// Overwrites a buffer with host values of the same length.
    ///
    /// # Errors
    /// Where the lengths differ or the device fails.
    fn buffer_from_host(&self, buffer: &mut Self::Vec, values: &[f32]) -> Result<(), Self::Err>;
}

/// dfdx's own operations on scalars. They are named here because the bound that dfdx puts them under brings other number
/// types' storage along, which makes `D::Vec` ambiguous.
pub trait TapeKernel: Storage<f32> {
    /// The sum of two losses, on both their tapes.
    ///
    /// # Errors
    /// Where the device fails.
    fn add_scalars(
        a: Scalar<Self, OwnedTape<f32, Self>>,
        b: Scalar<Self, OwnedTape<f32, Self>>,
    ) -> Result<Scalar<Self, OwnedTape<f32, Self>>, Self::Err>;

    /// Runs the tape backwards.
    ///
    /// # Errors
    /// Where the device fails.
    fn run_backward(loss: Scalar<Self, OwnedTape<f32, Self>>) -> Result<Gradients<f32, Self>, Self::Err>;

    /// A loss's value, once the device has come to it.
    ///
    /// # Errors
    /// Where the device fails.
    fn scalar_to_host(&self, scalar: &Scalar<Self>) -> Result<f32, Self::Err>;
}

/// `Send`, but for builds with CUDA: there the type of dfdx's device is not, for the sake of a handle that any thread may use.
#[cfg(not(feature = "cuda"))]
pub trait MaybeSend: Send {}
#[cfg(not(feature = "cuda"))]
impl<T: Send> MaybeSend for T {}

/// `Send`, but for builds with CUDA: there the type of dfdx's device is not, for the sake of a handle that any thread may use.
#[cfg(feature = "cuda")]
pub trait MaybeSend {}
#[cfg(feature = "cuda")]
impl<T> MaybeSend for T {}

/// A device with a kernel for every operation of this crate.
pub trait ImageDevice:
    Storage<f32>
    + Synchronize
    + TensorFromVec<f32>
    + CopySlice<f32>
    + ZerosTensor<f32>
    + GradientBuffer
    + ActivationKernel
    + AdamKernel
    + AddKernel
    + BatchKernel
    + BatchNormKernel
    + ConcatKernel
    + ConvKernel
    + DropoutKernel
    + FilterKernel
    + FitKernel
    + GradientPenaltyKernel
    + InstanceNormKernel
    + LayoutKernel
    + LossKernel
    + NormTangentKernel
    + ReflectionPadKernel
    + TapeKernel
    + UpsampleKernel
    + MaybeSend
{
    /// A device for training: it keeps the memory of tensors that are gone for others of the same size, so that a step
    /// allocates next to nothing after the first.
    ///
    /// # Errors
    /// Where the device fails.
    fn for_training(self) -> Result<Self, Self::Err> {
        Ok(self)
    }

    /// Gives back the memory of tensors that are gone: to be called when sizes change.
    ///
    /// # Errors
    /// Where the device fails.
    fn trim(&self) -> Result<(), Self::Err> {
        Ok(())
    }

    /// [`crate::skip_conv_transpose2d`]. A device that need not keep the concatenation for the backward pass has its own.
    ///
    /// # Errors
    /// As there.
    fn skip_conv_transpose<T: Flow<Self>>(
        skip: Images4<Self, T>,
        y: Images4<Self, T>,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
    ) -> Result<Images4<Self, T>, OpError> {
        conv_transpose2d(concat_relu(skip, y)?, weight, bias, config)
    }

    /// [`crate::reflection_pad_conv2d`], with `skip` added. A device that need not keep the padded images for the backward pass
    /// has its own.
    ///
    /// # Errors
    /// As there, and as [`crate::add_images`].
    fn reflection_pad_conv<T: Flow<Self>>(
        x: Images4<Self, T>,
        padding: usize,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
        skip: Option<Images4<Self, T>>,
    ) -> Result<Images4<Self, T>, OpError> {
        let y = conv2d(reflection_pad(x, padding)?, weight, bias, config)?;
        match skip {
            Some(skip) => add_images(skip, y),
            None => Ok(y),
        }
    }

    /// A convolution of checked extents with what its `config` asks for behind it. A device that does more of it at once has
    /// its own.
    ///
    /// # Errors
    /// As [`crate::conv2d`].
    fn convolve<T: Flow<Self>>(
        x: Images4<Self, T>,
        direction: Direction,
        g: ConvGeometry,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
    ) -> Result<Images4<Self, T>, OpError> {
        crate::conv::in_turn(x, direction, g, weight, bias, config)
    }

    /// Runs a step's work from where this device's kernels start fastest.
    fn enter<R: MaybeSend>(work: impl FnOnce() -> R + MaybeSend) -> R {
        work()
    }
}

impl ImageDevice for dfdx::tensor::Cpu {
    fn for_training(self) -> Result<Self, Self::Err> {
        self.try_enable_cache()?;
        Ok(self)
    }

    fn trim(&self) -> Result<(), Self::Err> {
        Saved::trim();
        self.try_empty_cache()
    }

    fn skip_conv_transpose<T: Flow<Self>>(
        skip: Images4<Self, T>,
        y: Images4<Self, T>,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
    ) -> Result<Images4<Self, T>, OpError> {
        crate::conv::cpu::skip_conv_transpose2d(skip, y, weight, bias, config)
    }

    fn reflection_pad_conv<T: Flow<Self>>(
        x: Images4<Self, T>,
        padding: usize,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
        skip: Option<Images4<Self, T>>,
    ) -> Result<Images4<Self, T>, OpError> {
        crate::conv::cpu::reflection_pad_conv2d(x, padding, weight, bias, config, skip)
    }

    fn convolve<T: Flow<Self>>(
        x: Images4<Self, T>,
        direction: Direction,
        g: ConvGeometry,
        weight: &Filter<Self>,
        bias: Option<&Vector<Self>>,
        config: ConvConfig,
    ) -> Result<Images4<Self, T>, OpError> {
        crate::conv::cpu::convolve(x, direction, g, weight, bias, config)
    }

    /// On one of the pool's own threads: a kernel called from outside would first have to wake the pool and then wait for
    /// it, hundreds of times a step. The others stay awake.
    #[cfg(not(feature = "cuda"))]
    fn enter<R: MaybeSend>(work: impl FnOnce() -> R + MaybeSend) -> R {
        crate::cpu::awake::keep_awake(work)
    }
}

/// Takes a tensor's gradient out of `grads` (zeros where there is none yet), so that several can be borrowed at once.
pub(crate) fn take<S: dfdx::shapes::Shape, D: ImageDevice>(
    grads: &mut Gradients<f32, D>,
    t: &Tensor<S, f32, D>,
) -> Result<D::Vec, D::Err> {
    t.device().take_slot(|| grads.get_or_alloc_mut(t))
}

/// Puts a gradient back that [`take`] took out.
pub(crate) fn put<S: dfdx::shapes::Shape, D: ImageDevice>(
    grads: &mut Gradients<f32, D>,
    t: &Tensor<S, f32, D>,
    buffer: D::Vec,
) -> Result<(), D::Err> {
    *grads.get_or_alloc_mut(t)? = buffer;
    Ok(())
}
