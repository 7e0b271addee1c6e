//! Products by kernels of our own, against the CPU's.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Cpu, NoneTape, Trace};

use crate::filter::Filter;
use crate::geometry::ConvGeometry;
use crate::testing::device;
use crate::{
    ConvConfig, ImageDevice, add_losses, backward, conv_transpose2d, conv2d, download_images, l1_loss,
    upload_images,
};

/// Transposed or not, input `[n, c, h, w]`, output channels, kernel, stride, padding.
pub(super) type Case = (bool, (usize, usize, usize, usize), usize, usize, usize, usize);

pub(super) fn geometry((transposed, x, out, k, stride, padding): Case) -> ConvGeometry {
    let config = ConvConfig::new(stride, padding);
    let made = if transposed {
        ConvGeometry::conv_transpose2d(x, [x.1, out, k, k], None, config)
    } else {
        ConvGeometry::conv2d(x, [out, x.1, k, k], None, config)
    };
    made.unwrap_or_else(|e| panic!("{e:?}"))
}

fn values(len: usize, seed: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 37 + seed * 101) % 97) as f32 / 48.0 - 1.0)
        .collect()
}

/// The output, and the gradients of input and weight, both after a second use of the same.
fn results<D: ImageDevice>(device: &D, (transposed, x, out, k, stride, padding): Case) -> [Vec<f32>; 3] {
    let (n, c, h, w) = x;
    let shape = if transposed {
        [c, out, k, k]
    } else {
        [out, c, k, k]
    };
    let weight = Filter::from_public(device, shape, &values(shape.iter().product(), 1)).unwrap();
    let image = upload_images(device, &values(n * c * h * w, 2), x).unwrap();
    let config = ConvConfig::new(stride, padding);
    let apply = |x| {
        if transposed {
            conv_transpose2d(x, &weight, None, config)
        } else {
            conv2d(x, &weight, None, config)
        }
        .unwrap()
    };
    let y = apply(image.leaky_trace());
    let shape @ (a, b, c, d) = *y.shape();
    // Off the grid of the outputs: the gradient of a difference of zero would depend on rounding.
    let targets: Vec<f32> = values(a * b * c * d, 3).iter().map(|v| v + 1e-4).collect();
    let target = upload_images(device, &targets, shape).unwrap();
    let out = download_images(&y.retaped::<NoneTape>()).unwrap();
    let second = apply(image.leaky_trace());
    let losses = [(y, 100.0), (second, 50.0)].map(|(y, scale)| l1_loss(y, &target, scale).unwrap());
    let [first, second] = losses;
    let grads = backward(add_losses(first, second).unwrap()).unwrap();
    [out, grads.get(&image).as_vec(), weight.gradient(&grads)]
}

/// Compares a case's output and gradients.
pub(super) fn agrees_with_the_cpu(case: Case) {
    let (got, want) = (results(&device(), case), results(&Cpu::default(), case));
    for (got, want) in got.iter().zip(&want) {
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let size = norm(&mut want.iter().map(|v| f64::from(*v)));
        let off = norm(&mut got.iter().zip(want).map(|(a, b)| f64::from(a - b)));
        assert_eq!(got.len(), want.len());
        // cuDNN adds up some thousands of products in f32.
        assert!(size > 0.0 && off < 5e-6 * size, "{case:?}: {off:e} of {size:e}");
    }
}
