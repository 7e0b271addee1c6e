//! The convolutions of pix2pix at 256 px and of CycleGAN at 256 px, pass by pass. Items are useful floating-point operations
//! (two a product), so items per second compare with a machine's peak: `cargo bench -p diptych-imgops --bench layers`.
//! `DIPTYCH_EXACT=1` turns Winograd off, `DIPTYCH_LAYERS` picks the layers whose names contain it, `RAYON_NUM_THREADS` sets the
//! threads.

use std::fmt;

use dfdx::tensor::{Cpu, Storage};
use diptych_imgops::conv::{ConvGradients, ConvKernel, Direction};
use diptych_imgops::geometry::ConvGeometry;
use diptych_imgops::{ConvConfig, Filter, ImageDevice, Images4, upload_images};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    diptych_imgops::cpu::convolve::set_exact(std::env::var_os("DIPTYCH_EXACT").is_some());
    divan::main();
}

/// A layer by its name and its convolution's or transposed convolution's extents.
#[derive(Clone, Copy)]
struct Layer {
    name: &'static str,
    transposed: bool,
    /// Input channels and side, output channels, kernel, stride, padding.
    extents: [usize; 6],
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn layer(name: &'static str, transposed: bool, extents: [usize; 6]) -> Layer {
    Layer {
        name,
        transposed,
        extents,
    }
}

const LAYERS: &[Layer] = &[
    layer("down 3-64 @256", false, [3, 256, 64, 4, 2, 1]),
    layer("down 64-128 @128", false, [64, 128, 128, 4, 2, 1]),
    layer("down 128-256 @64", false, [128, 64, 256, 4, 2, 1]),
    layer("down 256-512 @32", false, [256, 32, 512, 4, 2, 1]),
    layer("down 512-512 @16", false, [512, 16, 512, 4, 2, 1]),
    layer("down 512-512 @8", false, [512, 8, 512, 4, 2, 1]),
    layer("down 512-512 @4", false, [512, 4, 512, 4, 2, 1]),
    layer("down 512-512 @2", false, [512, 2, 512, 4, 2, 1]),
    layer("up 512-512 @1", true, [512, 1, 512, 4, 2, 1]),
    layer("up 1024-512 @2", true, [1024, 2, 512, 4, 2, 1]),
    layer("up 1024-512 @4", true, [1024, 4, 512, 4, 2, 1]),
    layer("up 1024-512 @8", true, [1024, 8, 512, 4, 2, 1]),
    layer("up 1024-256 @16", true, [1024, 16, 256, 4, 2, 1]),
    layer("up 512-128 @32", true, [512, 32, 128, 4, 2, 1]),
    layer("up 256-64 @64", true, [256, 64, 64, 4, 2, 1]),
    layer("up 128-3 @128", true, [128, 128, 3, 4, 2, 1]),
    layer("patch 6-64 @256", false, [6, 256, 64, 4, 2, 1]),
    layer("patch 256-512 @32", false, [256, 32, 512, 4, 1, 1]),
    layer("patch 512-1 @31", false, [512, 31, 1, 4, 1, 1]),
    layer("resnet 7x7 3-64 @256", false, [3, 262, 64, 7, 1, 0]),
    layer("resnet 64-128 @256", false, [64, 256, 128, 3, 2, 1]),
    layer("resnet 128-256 @128", false, [128, 128, 256, 3, 2, 1]),
    layer("resnet 256-256 @64", false, [256, 66, 256, 3, 1, 0]),
    layer("resnet up 256-128 @64", true, [256, 64, 128, 3, 2, 1]),
    layer("resnet up 128-64 @128", true, [128, 128, 64, 3, 2, 1]),
    layer("resnet 7x7 64-3 @256", false, [64, 262, 3, 7, 1, 0]),
];

/// The layers that were asked for.
fn layers() -> Vec<Layer> {
    let asked = std::env::var("DIPTYCH_LAYERS").unwrap_or_default();
    LAYERS
        .iter()
        .copied()
        .filter(|layer| layer.name.contains(&asked))
        .collect()
}

/// A layer with random input, weight and output gradient.
struct Case {
    device: Cpu,
    direction: Direction,
    g: ConvGeometry,
    x: Images4<Cpu>,
    weight: Filter<Cpu>,
    grad_y: <Cpu as Storage<f32>>::Vec,
    operations: usize,
}

fn values(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 1013) as f32 / 506.0 - 1.0)
        .collect()
}

impl Case {
    fn new(layer: Layer) -> Self {
        let device = Cpu::default().for_training().expect("memory");
        let [c, side, out, k, stride, padding] = layer.extents;
        let mut config = ConvConfig::new(stride, padding);
        let (direction, shape) = if layer.transposed {
            config.output_padding = k % 2;
            (Direction::Widen, [c, out, k, k])
        } else {
            (Direction::Narrow, [out, c, k, k])
        };
        let input = (1, c, side, side);
        let g = if layer.transposed {
            ConvGeometry::conv_transpose2d(input, shape, None, config)
        } else {
            ConvGeometry::conv2d(input, shape, None, config)
        }
        .expect("the table's layers are valid");
        let x = upload_images(&device, &values(c * side * side), input).expect("memory");
        let weight = Filter::from_public(&device, shape, &values(shape.iter().product())).expect("memory");
        let len = if layer.transposed {
            g.wide_c * g.wide_len()
        } else {
            g.narrow_c * g.narrow_len()
        };
        let mut grad_y = Storage::<f32>::try_alloc_len(&device, len).expect("memory");
        grad_y.copy_from_slice(&values(len));
        let operations = 2 * g.narrow_len() * g.narrow_c * g.window();
        Self {
            device,
            direction,
            g,
            x,
            weight,
            grad_y,
            operations,
        }
    }

    fn zeros(&self, len: usize) -> <Cpu as Storage<f32>>::Vec {
        Storage::<f32>::try_alloc_len(&self.device, len).expect("memory")
    }

    fn bench(&self, bencher: Bencher<'_, '_>, mut pass: impl FnMut(&Self)) {
        bencher
            .counter(ItemsCount::new(self.operations))
            .bench_local(|| pass(self));
    }
}

#[divan::bench(args = layers(), min_time = 0.3, max_time = 1)]
fn forward(bencher: Bencher<'_, '_>, layer: Layer) {
    Case::new(layer).bench(bencher, |c| {
        let y = c
            .device
            .conv_forward(c.direction, &c.g, &c.x, &c.weight, None, None);
        divan::black_box(y).expect("memory");
    });
}

#[divan::bench(args = layers(), min_time = 0.3, max_time = 1)]
fn input_gradient(bencher: Bencher<'_, '_>, layer: Layer) {
    let case = Case::new(layer);
    let mut x = case.zeros(case.x.as_vec().len());
    case.bench(bencher, |c| {
        let out = ConvGradients {
            x: Some(&mut x),
            weight: None,
            weight_fresh: true,
            bias: None,
        };
        c.device
            .conv_backward(c.direction, &c.g, &c.x, &c.weight, &c.grad_y, out)
            .expect("memory");
    });
}

#[divan::bench(args = layers(), min_time = 0.3, max_time = 1)]
fn weight_gradient(bencher: Bencher<'_, '_>, layer: Layer) {
    let case = Case::new(layer);
    let mut weight = case.zeros(case.weight.stored_values().as_vec().len());
    case.bench(bencher, |c| {
        let out = ConvGradients {
            x: None,
            weight: Some(&mut weight),
            weight_fresh: true,
            bias: None,
        };
        c.device
            .conv_backward(c.direction, &c.g, &c.x, &c.weight, &c.grad_y, out)
            .expect("memory");
    });
}
