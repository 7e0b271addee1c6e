//! Batch norm on a GPU: one group of rows, the whole batch.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{BatchNormKernel, BatchNormParams, EPS, MOMENTUM};
use crate::activation::cuda::slope;
use crate::cuda::device::runtime;
use crate::cuda::kernels::{Arg, Kernel, at, len, maybe, real, uint};
use crate::cuda::memory::{buffer, images, new_images, new_vector, pointer};
use crate::device::{Images4, Vector};

/// Mean, inverse deviation, scale and shift, and the activation's slope, as kernels are told them.
fn args(p: &BatchNormParams<'_, Cuda>) -> Result<[Arg; 5], CudaError> {
    Ok([
        at(pointer(p.mean)?),
        at(pointer(p.inv_std)?),
        at(pointer(p.weight)?),
        at(pointer(p.bias)?),
        real(slope(p.activation)),
    ])
}

impl BatchNormKernel for Cuda {
    // Running statistics are changed where they are, as trained tensors are.
    fn batch_norm_statistics(
        &self,
        x: &Images4<Self>,
        running: Option<(&mut Vector<Self>, &mut Vector<Self>)>,
    ) -> Result<(Vector<Self>, Vector<Self>), CudaError> {
        let (n, c, h, w) = *x.shape();
        let (mean, inv_std) = (new_vector(self, c)?, new_vector(self, c)?);
        let running = running
            .map(|(m, v)| Ok::<_, CudaError>((pointer(m)?, pointer(v)?)))
            .transpose()?;
        let rest = [
            at(images(x)?),
            real(EPS),
            at(pointer(&mean)?),
            at(pointer(&inv_std)?),
            real(MOMENTUM),
            maybe(running.map(|(m, _)| m)),
            maybe(running.map(|(_, v)| v)),
        ];
        runtime()?.columns(Kernel::Moments, (n * h * w, c, 1), &rest)?;
        Ok((mean, inv_std))
    }

    fn batch_norm_running(
        &self,
        mean: &Vector<Self>,
        var: &Vector<Self>,
    ) -> Result<(Vector<Self>, Vector<Self>), CudaError> {
        let c = mean.shape().0;
        let out = (new_vector(self, c)?, new_vector(self, c)?);
        let to = [at(pointer(&out.0)?), at(pointer(&out.1)?)];
        let rest = [real(EPS), at(pointer(mean)?), at(pointer(var)?), to[0], to[1]];
        runtime()?.each(Kernel::RunningStatistics, c, &rest)?;
        Ok(out)
    }

    fn batch_norm_apply(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
    ) -> Result<Images4<Self>, CudaError> {
        let shape @ (n, c, h, w) = *x.shape();
        let (y, values) = (new_images(self, shape)?, n * c * h * w);
        let [mean, inv_std, weight, bias, slope] = args(params)?;
        let rest = [
            len(c),
            len(values),
            at(images(x)?),
            mean,
            inv_std,
            weight,
            bias,
            slope,
            at(images(&y)?),
        ];
        runtime()?.each(Kernel::Normalise, values, &rest)?;
        Ok(y)
    }

    fn batch_norm_backward(
        &self,
        x: &Images4<Self>,
        params: &BatchNormParams<'_, Self>,
        grad_y: &<Self as Storage<f32>>::Vec,
        grad_x: &mut <Self as Storage<f32>>::Vec,
        grad_params: Option<(&mut <Self as Storage<f32>>::Vec, &mut <Self as Storage<f32>>::Vec)>,
        batch_statistics: bool,
    ) -> Result<(), CudaError> {
        let (n, c, h, w) = *x.shape();
        let (rt, values) = (runtime()?, n * c * h * w);
        let (mean_g, tilt) = (new_vector(self, c)?, new_vector(self, c)?);
        let [mean, inv_std, weight, bias, slope] = args(params)?;
        let (x, gy, gx) = (at(images(x)?), at(buffer(grad_y)), buffer(grad_x));
        let sums = [at(pointer(&mean_g)?), at(pointer(&tilt)?)];
        let params = grad_params.map(|(w, b)| (buffer(w), buffer(b)));
        let [fresh_w, gw, fresh_b, gb] = match params {
            Some((w, b)) => [uint(rt.start(w)), at(w), uint(rt.start(b)), at(b)],
            None => [uint(false), maybe(None), uint(false), maybe(None)],
        };
        let rest = [
            x,
            gy,
            mean,
            inv_std,
            weight,
            bias,
            slope,
            uint(batch_statistics),
            sums[0],
            sums[1],
            fresh_w,
            gw,
            fresh_b,
            gb,
        ];
        rt.columns(Kernel::NormSums, (n * h * w, c, 1), &rest)?;
        let rest = [
            len(c),
            len(values),
            x,
            gy,
            mean,
            inv_std,
            weight,
            bias,
            slope,
            sums[0],
            sums[1],
            uint(rt.start(gx)),
            at(gx),
        ];
        rt.each(Kernel::NormBackward, values, &rest)
    }
}
