//! pix2pix: paired image-to-image translation with a conditional GAN (Isola et al. 2017, arXiv 1611.07004).

mod model;
mod settings;

use diptych_domain::Size;
use diptych_domain::params::{ParamDecl, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};
use diptych_imgops::ImageDevice;

use crate::plugin::{BenchRequest, BuildContext, HealthDecl, Model, ModelError, Plugin};
use crate::plugins::shared::errors::setting;
use crate::plugins::shared::transfer::{OnDevice, on_device};
use crate::plugins::shared::{bench, decls};

pub use model::Pix2PixModel;
pub use settings::Settings;

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

impl Plugin for Pix2Pix {
    fn name(&self) -> &'static str {
        "pix2pix"
    }

    fn summary(&self) -> &'static str {
        "paired translation with a conditional GAN and L1 (Isola et al. 2017)"
    }

    fn params(&self) -> Vec<ParamDecl> {
        let mut params = vec![decls::choice(
            "generator",
            GENERATORS,
            "unet_256",
            "unet_N halves N pixels down to one; encoder_decoder is the U-Net of the crop size without skips",
        )];
        params.extend(decls::discriminator());
        params.extend(decls::widths());
        params.extend([decls::norm("batch"), decls::upsampling()]);
        params.extend(decls::dropout(true));
        params.extend(decls::gan_mode("vanilla"));
        params.extend([
            decls::weight(
                "lambda_l1",
                100.0,
                "weight of the L1 loss; 0 trains with the GAN loss alone",
            ),
            decls::weight(
                "lambda_gan",
                1.0,
                "weight of the GAN loss; 0 trains with L1 alone",
            ),
            decls::flag(
                "conditional",
                true,
                "whether the discriminator sees the input too",
            ),
        ]);
        params.extend(decls::init());
        params
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned]
    }

    fn losses(&self, params: &Params) -> Vec<&'static str> {
        Settings::losses(params)
    }

    fn health(&self, params: &Params) -> Vec<HealthDecl> {
        let adversarial = is_adversarial(params);
        model::HEALTH
            .into_iter()
            .filter(|decl| adversarial || decl.name == "grad_G")
            .collect()
    }

    fn networks(&self, _params: &Params) -> Vec<&'static str> {
        vec!["G", "D"]
    }

    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        if let Some(weight) = request.identity {
            return Err(setting("identity loss", weight, "pix2pix has no identity loss"));
        }
        // The U-Net that halves the image to a single pixel, or to a row of them, where there is one.
        let unet = format!("unet_{}", request.size.shorter());
        let fits = GENERATORS.contains(&unet.as_str())
            && request.size.longer().is_multiple_of(request.size.shorter());
        Ok(bench::networks(request, fits.then_some(unet)))
    }

    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        if !self.layouts().contains(&spec.data.layout) {
            let layout = format!("{:?}", spec.data.layout).to_lowercase();
            return Err(setting(
                "data.layout",
                layout,
                "pix2pix trains on pairs: use \"aligned\"; `diptych translate` applies a trained generator to any folder",
            ));
        }
        Settings::from_spec(spec)?.check(spec.data.crop_size)
    }

    fn padded(&self, spec: &ExperimentSpec) -> Option<Size> {
        let settings = Settings::from_spec(spec).ok()?;
        settings.networks.padded(spec.data.crop_size)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        self.validate(&context.spec)?;
        let settings = Settings::from_spec(&context.spec)?;
        on_device(context.device, Build(settings, context.spec.seed))
    }
}

/// Whether there is a GAN loss, and so a discriminator to train.
fn is_adversarial(params: &Params) -> bool {
    !matches!(params.get("lambda_gan"), Some(ParamValue::Float(v)) if *v == 0.0)
}

/// Settings and seed of a model to be built.
struct Build(Settings, u64);

impl OnDevice for Build {
    fn on<D: ImageDevice>(self, device: D) -> Result<Box<dyn Model>, ModelError> {
        Ok(Box::new(Pix2PixModel::new(device, self.0, self.1)?))
    }
}

#[cfg(test)]
mod tests;
