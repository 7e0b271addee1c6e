//! Reflection padding on the CPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::ReflectionPadKernel;
use crate::cpu::memory::slice;
use crate::device::Images4;
use crate::layout::new_images;

/// The source position of padded position `i`, for `padding < len`.
fn mirror(i: usize, padding: usize, len: usize) -> usize {
    let at = i.abs_diff(padding);
    if at < len { at } else { 2 * (len - 1) - at }
}

/// Channels-last images `[h, w]` of `c` channels with a border that mirrors them. All of `y` is overwritten.
pub(crate) fn mirrored(x: &[f32], (c, h, w): (usize, usize, usize), padding: usize, y: &mut [f32]) {
    let (ph, pw) = (h + 2 * padding, w + 2 * padding);
    y.par_chunks_mut(pw * c).enumerate().for_each(|(row, y)| {
        let (image, i) = (row / ph, row % ph);
        let from = &x[(image * h + mirror(i, padding, h)) * w * c..][..w * c];
        y[padding * c..(padding + w) * c].copy_from_slice(from);
        for j in (0..padding).chain(padding + w..pw) {
            y[j * c..(j + 1) * c].copy_from_slice(&from[mirror(j, padding, w) * c..][..c]);
        }
    });
}

/// Adds the gradient of [`mirrored`] images, folded back, to that of the images.
pub(crate) fn fold(grad_y: &[f32], (c, h, w): (usize, usize, usize), padding: usize, grad_x: &mut [f32]) {
    let (ph, pw) = (h + 2 * padding, w + 2 * padding);
    grad_x.par_chunks_mut(w * c).enumerate().for_each(|(row, gx)| {
        let (image, y) = (row / h, row % h);
        // The padded rows that mirror this one: itself, and one beyond each near edge.
        for i in (0..ph).filter(|i| mirror(*i, padding, h) == y) {
            let from = &grad_y[(image * ph + i) * pw * c..][..pw * c];
            let inner = &from[padding * c..(padding + w) * c];
            gx.iter_mut().zip(inner).for_each(|(t, g)| *t += *g);
            for j in (0..padding).chain(padding + w..pw) {
                let to = &mut gx[mirror(j, padding, w) * c..][..c];
                to.iter_mut().zip(&from[j * c..]).for_each(|(t, g)| *t += *g);
            }
        }
    });
}

impl ReflectionPadKernel for Cpu {
    fn reflection_pad_forward(&self, x: &Images4<Self>, padding: usize) -> Result<Images4<Self>, CpuError> {
        let (n, c, h, w) = *x.shape();
        let shape = (n, c, h + 2 * padding, w + 2 * padding);
        new_images(self, shape, |y| mirrored(slice(x), (c, h, w), padding, y))
    }

    fn reflection_pad_backward(
        &self,
        (_, c, h, w): (usize, usize, usize, usize),
        padding: usize,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        fold(grad_y, (c, h, w), padding, grad_x);
        Ok(())
    }
}
