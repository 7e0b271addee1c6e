//! Dropout whose mask is a function of a seed and the position alone: nothing to save, nothing to keep for the backward
//! pass, the same on every device and for any number of threads.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use dfdx::tensor::{PutTape, SplitTape, Storage};

use crate::device::{Flow, ImageDevice, Images4};
use crate::error::OpError;
use crate::layout::arrange;

/// A device's dropout.
pub trait DropoutKernel: Storage<f32> {
    /// `x / (1 - p)` where the mask keeps a value, else 0.
    ///
    /// # Errors
    /// Where the device fails.
    fn dropout_forward(&self, x: &Images4<Self>, mask: DropoutMask) -> Result<Images4<Self>, Self::Err>;

    /// Adds to the input's gradient.
    ///
    /// # Errors
    /// Where the device fails.
    fn dropout_backward(
        &self,
        mask: DropoutMask,
        grad_y: &Self::Vec,
        grad_x: &mut Self::Vec,
    ) -> Result<(), Self::Err>;
}

/// Which values are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropoutMask {
    seed: u64,
    threshold: u32,
    scale: f32,
}

impl DropoutMask {
    /// Drops a value with probability `p`, in `[0, 1)`.
    ///
    /// # Errors
    /// [`OpError::Shape`] for another `p`.
    pub fn new(p: f32, seed: u64) -> Result<Self, OpError> {
        if !(0.0..1.0).contains(&p) {
            return Err(OpError::shape(
                "dropout",
                format!("the probability {p} is not in [0, 1)"),
            ));
        }
        Ok(Self {
            seed,
            threshold: (f64::from(p) * 4294967296.0) as u32,
            scale: 1.0 / (1.0 - p),
        })
    }

    /// What value `index`, counted in `[n, h, w, c]` order, is multiplied by: 0, or `1 / (1 - p)`. The bits are SplitMix64's output number
    /// `index / 2` after `seed` (Steele et al. 2014), its low half for even and its high half for odd indices.
    #[inline]
    pub fn factor(&self, index: usize) -> f32 {
        let mut z = self.seed.wrapping_add(
            (index as u64 / 2)
                .wrapping_add(1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let bits = (z >> (32 * (index as u64 % 2))) as u32;
        if bits < self.threshold { 0.0 } else { self.scale }
    }
}

/// Inverted dropout with probability `p`; the mask is drawn from `seed`.
///
/// # Errors
/// [`OpError::Shape`] where `p` is not in `[0, 1)`; [`OpError::Device`] where the device fails.
pub fn dropout<D: ImageDevice, T: Flow<D>>(
    x: Images4<D, T>,
    p: f32,
    seed: u64,
) -> Result<Images4<D, T>, OpError> {
    let mask = DropoutMask::new(p, seed)?;
    let (x, mut tape) = arrange(x)?.split_tape();
    let device = x.device().clone();
    let y = device
        .dropout_forward(&x, mask)
        .map_err(OpError::device("dropout"))?;
    if T::OWNS_TAPE {
        let (output, input) = (y.ghost(), x.ghost());
        tape.add_backward_op(move |grads| {
            let grad_y = device.take_buffer(grads.get_or_alloc_mut(&output)?)?;
            let mut gx = device.take_slot(|| grads.get_or_alloc_mut(&input))?;
            device.dropout_backward(mask, &grad_y, &mut gx)?;
            *grads.get_or_alloc_mut(&input)? = gx;
            Ok(())
        });
    }
    Ok(y.put_tape(tape))
}
