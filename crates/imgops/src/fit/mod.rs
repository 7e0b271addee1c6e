//! Fitting images to a size: longer sides are continued by reflection on the right and at the bottom, shorter ones cut there.
//!
//! A network that takes only multiples of something gets its input fitted up, and its output is fitted back.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::shapes::HasShape;
use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

/// A device's fitting. Output pixel (`i`, `j`) is input pixel (`mirror(i, h)`, `mirror(j, w)`) for the input's `h` and `w`,
/// by [`mirror`].
pub trait FitKernel: Storage<f32> {
    /// The fitted images, of `size` (height, width).
    ///
    /// # Errors
    /// Where the device fails.
    fn fit_forward(&self, x: &Images4<Self>, size: (usize, usize)) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the input's gradient: each input pixel gets the sum over the output pixels that show it. `shape` is the input's,
    /// `size` the output's (height, width).
    ///
    /// # Errors
    /// Where the device fails.
    fn fit_backward(
        &self,
        shape: (usize, usize, usize, usize),
        size: (usize, usize),
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// The position that a line of `len`, continued by reflection without repeating its ends, shows at `i`, as often as it takes:
/// `0 1 2 3 2 1 0 1 …` for a line of 4. Inside the line that is `i` itself. `len` is not 0.
pub fn mirror(i: usize, len: usize) -> usize {
    if len == 1 {
        return 0;
    }
    let period = 2 * (len - 1);
    let i = i % period;
    if i < len { i } else { period - i }
}

/// `x` `[n, c, h, w]` with each side continued by reflection, or cut, to `size` (height, width): `[n, c, size.0, size.1]`.
/// Images of that size are given back as they are.
///
/// # Errors
/// [`OpError::Shape`] for an empty input or size; [`OpError::Device`] where the device fails.
pub fn fit<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    size: (usize, usize),
) -> Result<Images4<D, T>, OpError> {
    let op = "fit";
    let shape = *x.shape();
    if (shape.2, shape.3) == size {
        return Ok(x);
    }
    if [shape.0, shape.1, shape.2, shape.3, size.0, size.1].contains(&0) {
        let problem = format!("nothing to fit: the input is {shape:?}, the size {size:?}");
        return Err(OpError::shape(op, problem));
    }
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let y = device.fit_forward(&x, size).map_err(OpError::device(op))?;
    if T::OWNS_TAPE {
        let (output, input) = (y.ghost(), x.ghost());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.fit_backward(shape, size, &grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let at: Vec<usize> = (0..9).map(|i| mirror(i, 4)).collect();
        assert_eq!(at, [0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!((mirror(5, 1), mirror(5, 2)), (0, 1));
    }
}
