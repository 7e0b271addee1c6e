//! Generators on sizes that their networks do not take.

use dfdx::tensor::{Cpu, Gradients, Trace};
use diptych_imgops::{backward, fit, upload_images, weighted_sum};

use super::resnet::ResNetConfig;
use super::unet::{UNetConfig, UNetDropout};
use super::*;

fn generators(device: &Cpu) -> Vec<(&'static str, Generator, ParamSet<Cpu>)> {
    let (norm, upscale) = (Norm::Instance, Upscale::Transposed);
    let unet = UNetConfig {
        inp: 2,
        out: 1,
        downs: 3,
        ngf: 2,
        norm: Norm::None,
        dropout: UNetDropout::Off,
        upscale,
        skips: true,
    };
    let resnet = ResNetConfig {
        inp: 2,
        out: 1,
        ngf: 2,
        blocks: 1,
        norm,
        dropout: false,
        upscale,
    };
    let mut all = Vec::new();
    for which in ["unet", "resnet"] {
        let mut params = ParamSet::new(device.clone());
        let net = match which {
            "unet" => Generator::UNet(UNet::new(&mut params, unet).unwrap()),
            _ => Generator::ResNet(ResNet::new(&mut params, resnet).unwrap()),
        };
        init::initialise(&mut params, Init::Normal, 0.3, 1).unwrap();
        all.push((which, net, params));
    }
    all
}

fn image(device: &Cpu, (c, h, w): (usize, usize, usize), seed: usize) -> Images4<Cpu> {
    let value = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0;
    let data: Vec<f32> = (0..c * h * w).map(value).collect();
    upload_images(device, &data, (1, c, h, w)).unwrap()
}

#[test]
fn the_output_of_any_size_is_that_of_the_reflected_input_cut_back() {
    let device = Cpu::default();
    for (which, net, mut params) in generators(&device) {
        for (h, w, inner) in [
            (13, 22, (16, 24)),
            (8, 12, (8, 16)),
            (1, 3, (8, 8)),
            (17, 5, (24, 8)),
        ] {
            let inner = match which {
                "resnet" => (net.fitted_side(h), net.fitted_side(w)),
                _ => inner,
            };
            let x = image(&device, (2, h, w), 3);
            let mut pass = Pass::new(&mut params, Statistics::Train, false, 0);
            let got = net.forward(x.clone(), &mut pass).unwrap();
            let reflected = fit(x, inner).unwrap();
            let whole = match &net {
                Generator::UNet(net) => net.forward(reflected, &mut pass),
                Generator::ResNet(net) => net.forward(reflected, &mut pass),
            };
            let expected = fit(whole.unwrap(), (h, w)).unwrap();
            assert_eq!(*got.shape(), (1, 1, h, w), "{which}");
            assert_eq!(got.as_vec(), expected.as_vec(), "{which} {w}x{h}");
        }
    }
}

#[test]
fn sides_are_the_next_that_the_networks_take() {
    let device = Cpu::default();
    let sides: Vec<Vec<usize>> = generators(&device)
        .iter()
        .map(|(_, net, _)| [1, 8, 9, 16, 30].map(|side| net.fitted_side(side)).to_vec())
        .collect();
    assert_eq!(sides, [vec![8, 8, 16, 16, 32], vec![8, 8, 12, 16, 32]]);
}

/// The gradient of a padded pass for its input, along several directions, against differences of the loss.
#[test]
fn gradients_go_through_padding_and_cutting() {
    let device = Cpu::default();
    for (which, net, mut params) in generators(&device) {
        let (h, w) = (11, 14);
        let x = image(&device, (2, h, w), 5);
        let weights = image(&device, (1, h, w), 8);
        let mut loss = |x: &Images4<Cpu>| {
            let mut pass = Pass::new(&mut params, Statistics::Train, false, 0);
            let y = net.forward(x.clone(), &mut pass).unwrap();
            let products = y.as_vec().into_iter().zip(weights.as_vec());
            products.map(|(y, w)| f64::from(y) * f64::from(w)).sum::<f64>()
        };
        let moved = |direction: &[f32], step: f32| {
            let values: Vec<f32> = x
                .as_vec()
                .iter()
                .zip(direction)
                .map(|(v, d)| v + step * d)
                .collect();
            upload_images(&device, &values, (1, 2, h, w)).unwrap()
        };
        let mut slopes = Vec::new();
        for seed in 20..26 {
            let direction = image(&device, (2, h, w), seed).as_vec();
            let step = 1e-3;
            let difference = loss(&moved(&direction, step)) - loss(&moved(&direction, -step));
            slopes.push((direction, difference / (2.0 * f64::from(step))));
        }
        let mut pass = Pass::new(&mut params, Statistics::Train, false, 0);
        let y = net
            .forward(x.clone().traced(Gradients::leaky()), &mut pass)
            .unwrap();
        let grads = backward(weighted_sum(y, &weights).unwrap()).unwrap();
        let gradient = grads.get(&x).as_vec();
        let size: f64 = slopes.iter().map(|(_, s)| s * s).sum::<f64>().sqrt();
        for (direction, slope) in slopes {
            let along: f64 = gradient
                .iter()
                .zip(&direction)
                .map(|(g, d)| f64::from(*g) * f64::from(*d))
                .sum();
            assert!(
                (along - slope).abs() < 0.01 * size,
                "{which}: {along} against {slope}"
            );
        }
    }
}
