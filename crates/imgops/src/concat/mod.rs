//! Concatenation along channels: the U-Net's skips, and the conditional discriminator's input.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::activation::Activation;
use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

type Shape = (usize, usize, usize, usize);

/// A device's concatenation.
pub trait ConcatKernel: Storage<f32> {
    /// `a`'s channels, then `b`'s; negative values become zeros where `rectified`.
    ///
    /// # Errors
    /// Where the device fails.
    fn concat_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        rectified: bool,
    ) -> Result<Images4<Self>, Self::Err>;

    /// Adds one part of the output's gradient to the part's own: channels `offset..` of `channels`, for images of
    /// `shape`.
    ///
    /// # Errors
    /// Where the device fails.
    fn concat_backward(
        &self,
        shape: Shape,
        offset: usize,
        channels: usize,
        grad_y: &Self::Vec,
        grad_part: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// `[n, ca, h, w]` and `[n, cb, h, w]` to `[n, ca + cb, h, w]`, `a` first. `a_grad` is false where `a` is an image
/// from disk that needs no gradient.
///
/// # Errors
/// [`OpError::Shape`] where anything but the channels differs; [`OpError::Device`] where the device fails.
pub fn concat_channels<D: ImageDevice, T: Flow<D>>(
    a: Images4<D, T>,
    b: Images4<D, T>,
    a_grad: bool,
) -> Result<Images4<D, T>, OpError> {
    join("concat_channels", a, b, a_grad, false)
}

/// The ReLU of [`concat_channels`], in one pass: what a U-Net's decoder reads.
///
/// # Errors
/// As [`concat_channels`].
pub fn concat_relu<D: ImageDevice, T: Flow<D>>(
    a: Images4<D, T>,
    b: Images4<D, T>,
) -> Result<Images4<D, T>, OpError> {
    join("concat_relu", a, b, true, true)
}

/// The shape of two images' channels side by side.
pub(crate) fn joined_shape(op: &'static str, a: Shape, b: Shape) -> Result<Shape, OpError> {
    if (a.0, a.2, a.3) != (b.0, b.2, b.3) || a.0 * a.1 * a.2 * a.3 * b.1 == 0 {
        return Err(OpError::shape(
            op,
            format!("{a:?} and {b:?} differ in more than their channels, or are empty"),
        ));
    }
    Ok((a.0, a.1 + b.1, a.2, a.3))
}

fn join<D: ImageDevice, T: Flow<D>>(
    op: &'static str,
    a: Images4<D, T>,
    b: Images4<D, T>,
    a_grad: bool,
    rectified: bool,
) -> Result<Images4<D, T>, OpError> {
    let (sa, sb) = (*a.shape(), *b.shape());
    joined_shape(op, sa, sb)?;
    let ((a, tape_a), (b, tape_b)) = (arrange(a)?.split_tape(), arrange(b)?.split_tape());
    let mut tape = tape_a.merge(tape_b);
    let device = a.device().clone();
    let y = device
        .concat_forward(&a, &b, rectified)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (ghost, output) = (y.ghost(), rectified.then(|| y.clone()));
        // The parts themselves are not needed, only the slots of their gradients.
        let parts = [(a.ghost(), sa, 0, a_grad), (b.ghost(), sb, sa.1, true)];
        tape.add_backward_op(move |grads| {
            let mut grad_y = device.take_buffer(grads.get_or_alloc_mut(&ghost)?)?;
            if let Some(y) = &output {
                device.activation_slope(Activation::Relu, y, &mut grad_y)?;
            }
            for (part, shape, offset, wanted) in parts {
                if wanted {
                    let mut g = device.take_slot(|| grads.get_or_alloc_mut(&part))?;
                    device.concat_backward(shape, offset, sa.1 + sb.1, &grad_y, &mut g)?;
                    *grads.get_or_alloc_mut(&part)? = g;
                }
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
