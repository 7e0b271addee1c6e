//! The penalty on a GPU: norms in f64.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, TensorFromVec};

use super::{EPS, GradientPenaltyKernel};
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, double, len};
use crate::cuda::memory::{images, new_images, new_scalar, pointer};
use crate::device::{Images4, Scalar};

/// Blocks an image is shared out to.
const BLOCKS: usize = 32;

impl GradientPenaltyKernel for Cuda {
    fn mix_forward(
        &self,
        a: &Images4<Self>,
        b: &Images4<Self>,
        shares: &[f32],
    ) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = *a.shape();
        let (out, shares) = (
            new_images(self, shape)?,
            self.try_tensor_from_vec(shares.to_vec(), (n,))?,
        );
        let rest = [
            len(c * h * w),
            at(images(a)?),
            at(images(b)?),
            at(pointer(&shares)?),
            at(images(&out)?),
        ];
        runtime()?.each(Kernel::Mix, n * c * h * w, &rest)?;
        Ok(out)
    }

    fn penalty(
        &self,
        gradient: &Images4<Self>,
        weight: f32,
    ) -> Result<(Scalar<Self>, Images4<Self>), CudaError> {
        let shape @ (n, c, h, w) = *gradient.shape();
        let (rt, each) = (runtime()?, c * h * w);
        let (value, direction) = (new_scalar(self)?, new_images(self, shape)?);
        let (partial, tickets) = rt.sums(BLOCKS * n + n, 1)?;
        let norms = at(partial + (8 * BLOCKS * n) as u64);
        let (g, eps, weight) = (at(images(gradient)?), double(EPS), double(f64::from(weight)));
        let args = [
            len(each),
            len(n),
            eps,
            weight,
            g,
            at(partial),
            at(tickets),
            norms,
            at(pointer(&value)?),
        ];
        rt.launch(Kernel::Penalty, [BLOCKS as u32, n as u32, 1], &args)?;
        let rest = [len(each), len(n), eps, weight, g, norms, at(images(&direction)?)];
        rt.each(Kernel::PenaltyDirection, n * each, &rest)?;
        Ok((value, direction))
    }
}
