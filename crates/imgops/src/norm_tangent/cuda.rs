//! The derivative of norms on a GPU.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cuda, CudaError, Storage};

use super::{NormTangentGradients, NormTangentKernel, Normalised};
use crate::cuda::device::{Runtime, runtime};
use crate::cuda::kernels::{Arg, Kernel, at, len, maybe, real, uint};
use crate::cuda::memory::{buffer, images, new_images, new_vector, pointer};
use crate::device::{Images4, Vector};

/// Added to the variance by either norm.
const EPS: f32 = crate::instance_norm::EPS;

/// Groups of rows, and each column's mean and inverse deviation.
struct Statistics {
    /// Rows, columns, groups.
    extents: (usize, usize, usize),
    x: Arg,
    mean: Vector<Cuda>,
    inv_std: Vector<Cuda>,
}

/// Room for two values in f64 for each column of each group. It is a vector of f32, whose addresses the driver aligns to 256.
struct Means(Vector<Cuda>);

impl Means {
    /// The first or the second value of each.
    fn at(&self, statistics: &Statistics, second: bool) -> Result<Arg, CudaError> {
        let (_, columns, groups) = statistics.extents;
        let past = if second { 8 * columns * groups } else { 0 };
        Ok(at(pointer(&self.0)? + past as u64))
    }
}

impl Statistics {
    fn of(device: &Cuda, rt: &Runtime, x: &Images4<Cuda>, over: Normalised) -> Result<Self, CudaError> {
        let (n, c, h, w) = *x.shape();
        let extents = match over {
            Normalised::Batch => (n * h * w, c, 1),
            Normalised::Image => (h * w, c, n),
        };
        let values = extents.1 * extents.2;
        let (mean, inv_std) = (new_vector(device, values)?, new_vector(device, values)?);
        let x = at(images(x)?);
        let none = maybe(None);
        let rest = [
            x,
            real(EPS),
            at(pointer(&mean)?),
            at(pointer(&inv_std)?),
            real(0.0),
            none,
            none,
        ];
        rt.columns(Kernel::Moments, extents, &rest)?;
        Ok(Self {
            extents,
            x,
            mean,
            inv_std,
        })
    }

    /// Values, columns, and values of a group: what kernels over all values begin with, after their length.
    fn over_all(&self) -> (usize, [Arg; 2]) {
        let (rows, columns, groups) = self.extents;
        (rows * columns * groups, [len(columns), len(rows * columns)])
    }

    /// The means of `v` and of `v` times the normalised input.
    fn means(&self, device: &Cuda, rt: &Runtime, v: Arg) -> Result<Means, CudaError> {
        let means = self.room(device)?;
        let statistics = [at(pointer(&self.mean)?), at(pointer(&self.inv_std)?)];
        let to = [means.at(self, false)?, means.at(self, true)?];
        rt.columns(
            Kernel::TangentMeans,
            self.extents,
            &[self.x, v, statistics[0], statistics[1], to[0], to[1]],
        )?;
        Ok(means)
    }

    /// The means of `a b`.
    fn products(&self, device: &Cuda, rt: &Runtime, a: Arg, b: Arg) -> Result<Means, CudaError> {
        let (means, none) = (self.room(device)?, maybe(None));
        rt.columns(
            Kernel::TangentMeans,
            self.extents,
            &[a, b, none, none, means.at(self, false)?, none],
        )?;
        Ok(means)
    }

    fn room(&self, device: &Cuda) -> Result<Means, CudaError> {
        let (_, columns, groups) = self.extents;
        new_vector(device, 4 * columns * groups).map(Means)
    }
}

impl NormTangentKernel for Cuda {
    fn norm_tangent_forward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
    ) -> Result<Images4<Self>, CudaError> {
        let rt = runtime()?;
        let (s, t) = (Statistics::of(self, rt, x, over)?, at(images(tangent)?));
        let of_t = s.means(self, rt, t)?;
        let y = new_images(self, *x.shape())?;
        let (values, [columns, each]) = s.over_all();
        let rest = [
            columns,
            each,
            s.x,
            t,
            at(pointer(&s.mean)?),
            at(pointer(&s.inv_std)?),
            maybe(weight.map(pointer).transpose()?),
            of_t.at(&s, false)?,
            of_t.at(&s, true)?,
            at(images(&y)?),
        ];
        rt.each(Kernel::NormTangent, values, &rest)?;
        Ok(y)
    }

    fn norm_tangent_backward(
        &self,
        over: Normalised,
        x: &Images4<Self>,
        tangent: &Images4<Self>,
        weight: Option<&Vector<Self>>,
        grad_y: &<Self as Storage<f32>>::Vec,
        out: NormTangentGradients<'_, <Self as Storage<f32>>::Vec>,
    ) -> Result<(), CudaError> {
        let rt = runtime()?;
        let (s, t, g) = (
            Statistics::of(self, rt, x, over)?,
            at(images(tangent)?),
            at(buffer(grad_y)),
        );
        let (of_t, of_g) = (s.means(self, rt, t)?, s.means(self, rt, g)?);
        let products = s.products(self, rt, g, t)?;
        let means = [
            of_t.at(&s, false)?,
            of_t.at(&s, true)?,
            of_g.at(&s, false)?,
            of_g.at(&s, true)?,
            products.at(&s, false)?,
        ];
        let inv_std = at(pointer(&s.inv_std)?);
        if let Some(gw) = out.weight {
            let ((rows, columns, groups), gw) = (s.extents, buffer(gw));
            let mut rest = vec![len(groups), len(rows), inv_std];
            rest.extend(means);
            rest.extend([uint(rt.start(gw)), at(gw)]);
            rt.each(Kernel::NormTangentWeight, columns, &rest)?;
        }
        let (values, [columns, each]) = s.over_all();
        let (gt, gx) = (buffer(out.tangent), buffer(out.x));
        let mut rest = vec![columns, each, s.x, t, g, at(pointer(&s.mean)?), inv_std];
        rest.push(maybe(weight.map(pointer).transpose()?));
        rest.extend(means);
        rest.extend([uint(rt.start(gt)), at(gt), uint(rt.start(gx)), at(gx)]);
        rt.each(Kernel::NormTangentBackward, values, &rest)
    }
}
