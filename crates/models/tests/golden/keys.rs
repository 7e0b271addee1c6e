//! Tensor names and shapes of the public checkpoints (`tests/golden/keys.json`).

use std::path::Path;

use diptych_imgops::testing::{TestDevice, device};
use diptych_models::networks::patchgan::{PatchGan, PatchGanConfig};
use diptych_models::networks::pixel::PixelGan;
use diptych_models::networks::resnet::{ResNet, ResNetConfig};
use diptych_models::networks::unet::{UNet, UNetConfig, UNetDropout};
use diptych_models::networks::{ParamSet, Upscale};

use crate::nets::norm;

fn build(params: &mut ParamSet<TestDevice>, variant: &str) -> Option<()> {
    let mut words = variant.split('/');
    let (net, norm, dropout) = (
        words.next()?,
        norm(words.next()?).ok()?,
        words.next() == Some("drop"),
    );
    let (inp, out) = (3, 3);
    if let Some(side) = net.strip_prefix("unet_") {
        let downs = side.parse::<usize>().ok()?.trailing_zeros() as usize;
        UNet::new(
            params,
            UNetConfig {
                inp,
                out,
                downs,
                ngf: 64,
                norm,
                dropout: if dropout {
                    UNetDropout::Reference
                } else {
                    UNetDropout::Off
                },
                upscale: Upscale::Transposed,
                skips: true,
            },
        )
        .ok()?;
    } else if let Some(blocks) = net.strip_prefix("resnet_") {
        let blocks = blocks.strip_suffix("blocks")?.parse().ok()?;
        ResNet::new(
            params,
            ResNetConfig {
                inp,
                out,
                ngf: 64,
                blocks,
                norm,
                dropout,
                upscale: Upscale::Transposed,
            },
        )
        .ok()?;
    } else {
        let (kind, channels) = net.strip_prefix("D_")?.split_once('_')?;
        let inp = channels.strip_suffix("ch")?.parse().ok()?;
        match kind.strip_prefix('n') {
            Some(layers) => {
                let layers = layers.parse().ok()?;
                PatchGan::new(
                    params,
                    PatchGanConfig {
                        inp,
                        ndf: 64,
                        layers,
                        norm,
                    },
                )
                .ok()?;
            }
            None if kind == "pixel" => {
                PixelGan::new(params, inp, 64, norm).ok()?;
            }
            None => return None,
        }
    }
    Some(())
}

pub fn check_all() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/keys.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(all.len(), 48);
    for (variant, tensors) in &all {
        let mut params = ParamSet::new(device());
        build(&mut params, variant).unwrap_or_else(|| panic!("{variant} is not understood"));
        let got: Vec<(String, Vec<usize>)> = params.infos().into_iter().map(|i| (i.name, i.shape)).collect();
        let mut want: Vec<(String, Vec<usize>)> = tensors
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), serde_json::from_value(v.clone()).unwrap()))
            .collect();
        let mut sorted = got.clone();
        sorted.sort();
        want.sort();
        assert_eq!(sorted, want, "{variant}");
    }
}
