//! Fitting on the CPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, CpuError, Storage};
use rayon::prelude::*;

use super::{FitKernel, mirror};
use crate::cpu::memory::slice;
use crate::device::Images4;
use crate::layout::new_images;

impl FitKernel for Cpu {
    fn fit_forward(&self, x: &Images4<Self>, (fh, fw): (usize, usize)) -> Result<Images4<Self>, CpuError> {
        let (n, c, h, w) = *x.shape();
        let values = slice(x);
        let kept = w.min(fw);
        new_images(self, (n, c, fh, fw), |y| {
            y.par_chunks_mut(fw * c).enumerate().for_each(|(row, y)| {
                let (image, i) = (row / fh, row % fh);
                let from = &values[(image * h + mirror(i, h)) * w * c..][..w * c];
                y[..kept * c].copy_from_slice(&from[..kept * c]);
                for j in kept..fw {
                    y[j * c..(j + 1) * c].copy_from_slice(&from[mirror(j, w) * c..][..c]);
                }
            });
        })
    }

    fn fit_backward(
        &self,
        (_, c, h, w): (usize, usize, usize, usize),
        (fh, fw): (usize, usize),
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        let kept = w.min(fw);
        grad_x.par_chunks_mut(w * c).enumerate().for_each(|(row, gx)| {
            let (image, y) = (row / h, row % h);
            // The rows that show this one: itself, where it was not cut off, and its reflections.
            for i in (0..fh).filter(|i| mirror(*i, h) == y) {
                let from = &grad_y[(image * fh + i) * fw * c..][..fw * c];
                gx.iter_mut().zip(&from[..kept * c]).for_each(|(t, g)| *t += *g);
                for j in kept..fw {
                    let to = &mut gx[mirror(j, w) * c..][..c];
                    to.iter_mut().zip(&from[j * c..]).for_each(|(t, g)| *t += *g);
                }
            }
        });
        Ok(())
    }
}
