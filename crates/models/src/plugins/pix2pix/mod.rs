//! pix2pix: paired image-to-image translation with a conditional GAN (Isola et al. 2017, arXiv 1611.07004).

mod model;
mod settings;

use diptych_domain::DeviceChoice;
use diptych_domain::params::{ParamDecl, ParamKind, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};

use crate::plugin::{BuildContext, Model, ModelError, Plugin};

pub use model::Pix2PixModel;
pub use settings::{DiscriminatorKind, GeneratorKind, Settings};

/// The plugin.
pub struct Pix2Pix;

const GENERATORS: &[&str] = &[
    "unet_32",
    "unet_64",
    "unet_128",
    "unet_256",
    "unet_512",
    "resnet_6blocks",
    "resnet_9blocks",
    "encoder_decoder",
];

fn choice(words: &'static [&'static str]) -> ParamKind {
    ParamKind::Choice(words)
}

fn decl(name: &'static str, kind: ParamKind, default: ParamValue, doc: &'static str) -> ParamDecl {
    ParamDecl {
        name,
        kind,
        default,
        doc,
    }
}

impl Plugin for Pix2Pix {
    fn name(&self) -> &'static str {
        "pix2pix"
    }

    fn summary(&self) -> &'static str {
        "paired translation with a conditional GAN and L1 (Isola et al. 2017)"
    }

    fn params(&self) -> Vec<ParamDecl> {
        let (text, int) = (|v: &str| ParamValue::Text(v.into()), ParamValue::Int);
        let width = || ParamKind::Int { min: 1, max: 1024 };
        let positive = || ParamKind::Float {
            min: 0.0,
            max: f64::INFINITY,
        };
        vec![
            decl(
                "generator",
                choice(GENERATORS),
                text("unet_256"),
                "unet_N halves N pixels down to one; encoder_decoder is the U-Net of the crop size without skips",
            ),
            decl(
                "discriminator",
                choice(&["n_layers", "pixel"]),
                text("n_layers"),
                "PatchGAN of n_layers, or 1x1 pixels",
            ),
            decl(
                "n_layers",
                ParamKind::Int { min: 1, max: 6 },
                int(3),
                "PatchGAN layers: receptive fields 16, 34, 70, 142, 286, 574",
            ),
            decl(
                "ngf",
                width(),
                int(64),
                "generator channels after the first layer",
            ),
            decl(
                "ndf",
                width(),
                int(64),
                "discriminator channels after the first layer",
            ),
            decl(
                "norm",
                choice(&["batch", "instance", "none"]),
                text("batch"),
                "normalisation in both networks",
            ),
            decl(
                "dropout",
                ParamKind::Bool,
                ParamValue::Bool(true),
                "dropout 0.5 in the generator's inner levels, also at test time",
            ),
            decl(
                "gan_mode",
                choice(&["vanilla", "lsgan"]),
                text("vanilla"),
                "cross-entropy or least squares",
            ),
            decl(
                "lambda_l1",
                positive(),
                ParamValue::Float(100.0),
                "weight of the L1 loss",
            ),
            decl(
                "lambda_gan",
                positive(),
                ParamValue::Float(1.0),
                "weight of the GAN loss; 0 trains with L1 alone",
            ),
            decl(
                "conditional",
                ParamKind::Bool,
                ParamValue::Bool(true),
                "whether the discriminator sees the input too",
            ),
            decl(
                "init",
                choice(&["normal", "xavier", "kaiming", "orthogonal"]),
                text("normal"),
                "how convolutions start",
            ),
            decl(
                "init_gain",
                ParamKind::Float { min: 1e-6, max: 10.0 },
                ParamValue::Float(0.02),
                "spread of the initial weights",
            ),
        ]
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned]
    }

    fn losses(&self, params: &Params) -> Vec<&'static str> {
        let adversarial = !matches!(params.get("lambda_gan"), Some(ParamValue::Float(v)) if *v == 0.0);
        model::LOSSES
            .into_iter()
            .filter(|name| adversarial || *name == "G_L1")
            .collect()
    }

    fn networks(&self, _params: &Params) -> Vec<&'static str> {
        vec!["G", "D"]
    }

    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        if !self.layouts().contains(&spec.data.layout) {
            return Err(ModelError::Setting {
                key: "data.layout".into(),
                value: format!("{:?}", spec.data.layout).to_lowercase(),
                problem: "pix2pix trains on pairs: use \"aligned\"".into(),
            });
        }
        Settings::from_spec(spec)?.check_size(spec.data.crop_size as usize)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        self.validate(&context.spec)?;
        let settings = Settings::from_spec(&context.spec)?;
        match context.device {
            DeviceChoice::Auto | DeviceChoice::Cpu => {
                let device = dfdx::tensor::Cpu::default();
                Ok(Box::new(Pix2PixModel::new(device, settings, context.spec.seed)?))
            }
            DeviceChoice::Cuda(n) => Err(ModelError::Device(format!(
                "cuda:{n} is not to be had: this build has no CUDA kernels; use --device cpu"
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
