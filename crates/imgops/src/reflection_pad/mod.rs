//! Reflection padding: the border mirrors the image, the edge pixel is not repeated.

pub(crate) mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

type Shape = (usize, usize, usize, usize);

/// A device's reflection padding.
pub trait ReflectionPadKernel: Storage<f32> {
    /// The padded images.
    ///
    /// # Errors
    /// Where the device fails.
    fn reflection_pad_forward(&self, x: &Images4<Self>, padding: usize) -> Result<Images4<Self>, Self::Err>;

    /// Adds the padded gradient, folded back, to the input's.
    ///
    /// # Errors
    /// Where the device fails.
    fn reflection_pad_backward(
        &self,
        shape: Shape,
        padding: usize,
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// The shape of padded images.
pub(crate) fn padded_shape(op: &'static str, shape: Shape, padding: usize) -> Result<Shape, OpError> {
    let (n, c, h, w) = shape;
    if n * c == 0 || h <= padding || w <= padding {
        let problem = format!("padding {padding} needs sides longer than that, the input is {shape:?}");
        return Err(OpError::shape(op, problem));
    }
    Ok((n, c, h + 2 * padding, w + 2 * padding))
}

/// Pads `x` `[n, c, h, w]` by `padding` on each side: `[n, c, h + 2p, w + 2p]`.
///
/// # Errors
/// [`OpError::Shape`] where a side is not longer than the padding; [`OpError::Device`] where the device fails.
pub fn reflection_pad<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    padding: usize,
) -> Result<Images4<D, T>, OpError> {
    let op = "reflection_pad";
    let shape = *x.shape();
    padded_shape(op, shape, padding)?;
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let y = device
        .reflection_pad_forward(&x, padding)
        .map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (output, input) = (y.ghost(), x.ghost());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.reflection_pad_backward(shape, padding, &grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
