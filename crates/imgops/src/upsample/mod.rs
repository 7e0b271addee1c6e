//! Upsampling by two: the first half of a resize-convolution (Odena et al. 2016, "Deconvolution and checkerboard artifacts").

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

/// How values between pixels come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsampling {
    /// Every pixel four times.
    Nearest,
    /// Linear in both directions, corners aligned: output `i` reads input position `i (h - 1) / (2h - 1)`.
    Bilinear,
}

/// A device's upsampling.
pub trait UpsampleKernel: Storage<f32> {
    /// The upsampled images.
    ///
    /// # Errors
    /// Where the device fails.
    fn upsample_forward(&self, mode: Upsampling, x: &Images4<Self>) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the input's gradient; `shape` is the input's.
    ///
    /// # Errors
    /// Where the device fails.
    fn upsample_backward(
        &self,
        mode: Upsampling,
        shape: (usize, usize, usize, usize),
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// `[n, c, h, w]` to `[n, c, 2h, 2w]`.
///
/// # Errors
/// [`OpError::Shape`] for an empty input; [`OpError::Device`] where the device fails.
pub fn upsample2<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    mode: Upsampling,
) -> Result<Images4<D, T>, OpError> {
    let op = "upsample2";
    let shape = *x.shape();
    if [shape.0, shape.1, shape.2, shape.3].contains(&0) {
        return Err(OpError::shape(op, format!("empty input {shape:?}")));
    }
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let y = device.upsample_forward(mode, &x).map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (output, input) = (y.ghost(), x.ghost());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.upsample_backward(mode, shape, &grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
