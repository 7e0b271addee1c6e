//! Images in the order that a device's kernels read. Shapes stay `[n, c, h, w]` everywhere; a tensor's strides tell its order,
//! so that dfdx's own operations and reads see the same images either way.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

pub(crate) use cpu::{new_images, new_images_after};

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;

/// A device's own order of images.
pub trait LayoutKernel: Storage<f32> {
    /// Images from values in `[n, c, h, w]` order, in the device's own order.
    ///
    /// # Errors
    /// Where the device fails.
    fn images_from_host(
        &self,
        values: &[f32],
        shape: (usize, usize, usize, usize),
    ) -> Result<Images4<Self>, Self::Err>;

    /// The values in `[n, c, h, w]` order, once the device has come to them.
    ///
    /// # Errors
    /// Where the device fails.
    fn images_to_host(&self, x: &Images4<Self>) -> Result<Vec<f32>, Self::Err>;

    /// Whether images are in the device's own order.
    fn is_arranged(x: &Images4<Self>) -> bool;

    /// Images in the device's own order from some in `[n, c, h, w]` order.
    ///
    /// # Errors
    /// Where the device fails.
    fn arrange_forward(&self, x: &Images4<Self>) -> Result<Images4<Self>, Self::Err>;

    /// Adds a gradient in the device's own order to one in `[n, c, h, w]` order.
    ///
    /// # Errors
    /// Where the device fails.
    fn arrange_backward(
        &self,
        shape: (usize, usize, usize, usize),
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// Images on a device from values in `[n, c, h, w]` order.
///
/// # Errors
/// [`OpError::Shape`] where the shape does not hold as many values; [`OpError::Device`] where the device fails.
pub fn upload_images<D: ImageDevice>(
    device: &D,
    values: &[f32],
    shape: (usize, usize, usize, usize),
) -> Result<Images4<D>, OpError> {
    let op = "upload_images";
    let len = shape.0 * shape.1 * shape.2 * shape.3;
    if len != values.len() {
        let problem = format!("{} values for the shape {shape:?}", values.len());
        return Err(OpError::shape(op, problem));
    }
    device
        .images_from_host(values, shape)
        .map_err(OpError::device(op))
}

/// The values of images in `[n, c, h, w]` order; waits for the device.
///
/// # Errors
/// [`OpError::Device`] where the device fails.
pub fn download_images<D: ImageDevice>(x: &Images4<D>) -> Result<Vec<f32>, OpError> {
    x.device()
        .images_to_host(x)
        .map_err(OpError::device("download_images"))
}

/// The same images in the device's own order. Every operation that needs it begins with this; it does nothing to what an
/// operation put out.
///
/// # Errors
/// [`OpError::Device`] where the device fails.
pub fn arrange<D: ImageDevice, T: Flow<D>>(x: Images4<D, T>) -> Result<Images4<D, T>, OpError> {
    let shape = *x.shape();
    let (x, mut tape) = x.split_tape();
    if D::is_arranged(&x) {
        return Ok(x.put_tape(tape));
    }
    let device = x.device().clone();
    let y = device.arrange_forward(&x).map_err(OpError::device("arrange"))?;
    if T::OWNS_TAPE {
        let (output, input) = (y.ghost(), x.ghost());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.arrange_backward(shape, &grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
