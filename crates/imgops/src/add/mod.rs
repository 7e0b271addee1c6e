//! Element-wise sum of two image batches: residual connections.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

/// A device's sum.
pub trait AddKernel: Storage<f32> {
    /// `a + b`.
    ///
    /// # Errors
    /// Where the device fails.
    fn add_forward(&self, a: &Images4<Self>, b: &Images4<Self>) -> Result<Images4<Self>, Self::Err>;

    /// Adds the output's gradient to a part's.
    ///
    /// # Errors
    /// Where the device fails.
    fn add_backward(&self, grad_y: &Self::Vec, grad_part: &mut Self::Vec) -> Result<(), Self::Err>;
}

/// `a + b`, both `[n, c, h, w]`.
///
/// # Errors
/// [`OpError::Shape`] where shapes differ; [`OpError::Device`] where the device fails.
pub fn add_images<D: ImageDevice, T: Flow<D>>(
    a: Images4<D, T>,
    b: Images4<D, T>,
) -> Result<Images4<D, T>, OpError> {
    let op = "add_images";
    if a.shape() != b.shape() {
        return Err(OpError::shape(op, format!("{:?} and {:?}", a.shape(), b.shape())));
    }
    let ((a, tape_a), (b, tape_b)) = (arrange(a)?.split_tape(), arrange(b)?.split_tape());
    let mut tape = tape_a.merge(tape_b);
    let device = a.device().clone();
    let y = device.add_forward(&a, &b).map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (output, parts) = (y.ghost(), [a.ghost(), b.ghost()]);
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            for part in parts {
                let mut g = device.take_slot(|| grads.get_or_alloc_mut(&part))?;
                device.add_backward(&grad_y, &mut g)?;
                *grads.get_or_alloc_mut(&part)? = g;
            }
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
