//! The CPU's order is channels-last: a pixel's channels are neighbours, which is what its kernels' registers hold, and a
//! window's row is contiguous.

use dfdx::shapes::{Axes4, HasShape};
use dfdx::tensor::{Cpu, CpuError, Storage, ZerosTensor};
use dfdx::tensor_ops::PermuteTo;
use rayon::prelude::*;

use super::LayoutKernel;
use crate::cpu::memory::{slice, slice_mut};
use crate::cpu::parallel::while_clearing;
use crate::device::Images4;

type Shape = (usize, usize, usize, usize);

/// Images of shape `[n, c, h, w]` whose channels-last values `fill` writes; they are zeros before. The memory comes from the
/// device's cache where it has some of that size.
pub(crate) fn new_images(
    device: &Cpu,
    shape: Shape,
    fill: impl FnOnce(&mut [f32]),
) -> Result<Images4<Cpu>, CpuError> {
    let mut stored = zeros(device, shape)?;
    fill(slice_mut(&mut stored));
    stored.try_permute::<Shape, Axes4<0, 3, 1, 2>>()
}

/// Channels-last images.
fn zeros(device: &Cpu, (n, c, h, w): Shape) -> Result<Images4<Cpu>, CpuError> {
    device.try_zeros_like(&(n, h, w, c))
}

/// As [`new_images`], for what is written from the result of `first`, which is returned too.
pub(crate) fn new_images_after<T: Send>(
    device: &Cpu,
    shape: Shape,
    first: impl FnOnce() -> T + Send,
    fill: impl FnOnce(&T, &mut [f32]),
) -> Result<(Images4<Cpu>, T), CpuError> {
    let values = shape.0 * shape.1 * shape.2 * shape.3;
    let (done, stored) = while_clearing(values, first, || zeros(device, shape));
    let mut stored = stored?;
    fill(&done, slice_mut(&mut stored));
    Ok((stored.try_permute::<Shape, Axes4<0, 3, 1, 2>>()?, done))
}

/// Channels-last values from `[n, c, h, w]` order.
fn from_planes(values: &[f32], (_, c, h, w): Shape, out: &mut [f32]) {
    if c == 1 {
        return out.copy_from_slice(values);
    }
    out.par_chunks_mut(w * c).enumerate().for_each(|(row, out)| {
        let (image, y) = (row / h, row % h);
        for k in 0..c {
            let plane = &values[((image * c + k) * h + y) * w..][..w];
            out.iter_mut()
                .skip(k)
                .step_by(c)
                .zip(plane)
                .for_each(|(o, v)| *o = *v);
        }
    });
}

impl LayoutKernel for Cpu {
    fn images_from_host(&self, values: &[f32], shape: Shape) -> Result<Images4<Self>, CpuError> {
        new_images(self, shape, |out| from_planes(values, shape, out))
    }

    fn images_to_host(&self, x: &Images4<Self>) -> Result<Vec<f32>, CpuError> {
        Ok(x.as_vec())
    }

    fn is_arranged(x: &Images4<Self>) -> bool {
        let (n, c, h, w) = *x.shape();
        if n * c * h * w == 0 || c == 1 || h * w == 1 {
            return true; // both orders are the same
        }
        // dfdx keeps strides to itself; two elements' addresses tell them.
        let (first, second): (*const f32, *const f32) = (&x[[0, 0, 0, 0]], &x[[0, 1, 0, 0]]);
        second.addr().wrapping_sub(first.addr()) == size_of::<f32>()
    }

    fn arrange_forward(&self, x: &Images4<Self>) -> Result<Images4<Self>, CpuError> {
        new_images(self, *x.shape(), |out| from_planes(slice(x), *x.shape(), out))
    }

    fn arrange_backward(
        &self,
        (_, c, h, w): Shape,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CpuError> {
        grad_x.par_chunks_mut(h * w).enumerate().for_each(|(plane, gx)| {
            let (image, k) = (plane / c, plane % c);
            let pixels = grad_y[image * h * w * c..].iter().skip(k).step_by(c);
            gx.iter_mut().zip(pixels).for_each(|(x, y)| *x += *y);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dfdx::tensor::TensorFromVec;

    #[test]
    fn orders_are_told_apart_and_read_alike() {
        let device = Cpu::default();
        let shape = (2, 3, 4, 5);
        let values: Vec<f32> = (0..120).map(|v| v as f32).collect();
        let planes = device.tensor_from_vec(values.clone(), shape);
        let arranged = device.images_from_host(&values, shape).unwrap();
        assert!(!Cpu::is_arranged(&planes) && Cpu::is_arranged(&arranged));
        assert_eq!(arranged.as_vec(), values);
        assert_eq!(slice(&arranged)[..3], [0.0, 20.0, 40.0]);
        assert_eq!(device.arrange_forward(&planes).unwrap().as_vec(), values);
        let grey = device.tensor_from_vec(vec![0.0; 6], (1, 1, 2, 3));
        assert!(Cpu::is_arranged(&grey));
    }
}
