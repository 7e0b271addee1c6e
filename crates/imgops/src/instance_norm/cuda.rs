//! Instance norm on a GPU: every image is a group of rows.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{EPS, InstanceNormKernel};
use crate::activation::Activation;
use crate::activation::cuda::slope;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Kernel, at, len, maybe, real, uint};
use crate::cuda::memory::{buffer, images, new_images, new_vector, pointer};
use crate::device::{Images4, Vector};

impl InstanceNormKernel for Cuda {
    fn instance_norm_forward(
        &self,
        x: &Images4<Self>,
        activation: Option<Activation>,
    ) -> Result<(Images4<Self>, Vector<Self>, Vector<Self>), CudaError> {
        let shape @ (n, c, h, w) = *x.shape();
        let (rt, x) = (runtime()?, at(images(x)?));
        let (mean, inv_std) = (new_vector(self, n * c)?, new_vector(self, n * c)?);
        let (to_mean, to_inv) = (at(pointer(&mean)?), at(pointer(&inv_std)?));
        let none = maybe(None);
        rt.columns(
            Kernel::Moments,
            (h * w, c, n),
            &[x, real(EPS), to_mean, to_inv, real(0.0), none, none],
        )?;
        let y = new_images(self, shape)?;
        let slope = real(slope(activation));
        let rest = [
            len(c),
            len(c * h * w),
            x,
            to_mean,
            to_inv,
            none,
            none,
            slope,
            at(images(&y)?),
        ];
        rt.each(Kernel::Normalise, n * c * h * w, &rest)?;
        Ok((y, mean, inv_std))
    }

    fn instance_norm_backward(
        &self,
        x: &Images4<Self>,
        mean: &Vector<Self>,
        inv_std: &Vector<Self>,
        activation: Option<Activation>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
    ) -> Result<(), CudaError> {
        let (n, c, h, w) = *x.shape();
        let rt = runtime()?;
        let (mean_g, tilt) = (new_vector(self, n * c)?, new_vector(self, n * c)?);
        let sums = [at(pointer(&mean_g)?), at(pointer(&tilt)?)];
        let (x, gy, gx) = (at(images(x)?), at(buffer(grad_y)), buffer(grad_x));
        let (mean, inv_std, slope) = (at(pointer(mean)?), at(pointer(inv_std)?), real(slope(activation)));
        let (none, no) = (maybe(None), uint(false));
        let rest = [
            x,
            gy,
            mean,
            inv_std,
            none,
            none,
            slope,
            uint(true),
            sums[0],
            sums[1],
            no,
            none,
            no,
            none,
        ];
        rt.columns(Kernel::NormSums, (h * w, c, n), &rest)?;
        let rest = [
            len(c),
            len(c * h * w),
            x,
            gy,
            mean,
            inv_std,
            none,
            none,
            slope,
            sums[0],
            sums[1],
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::NormBackward, n * c * h * w, &rest)
    }
}
