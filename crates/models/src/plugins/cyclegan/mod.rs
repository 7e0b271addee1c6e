//! CycleGAN: unpaired image-to-image translation with two generators that undo each other (Zhu et al. 2017,
//! arXiv 1703.10593).

mod direction;
mod model;
pub mod pool;
mod settings;

use diptych_domain::Size;
use diptych_domain::params::{ParamDecl, ParamKind, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};
use diptych_imgops::ImageDevice;

use crate::plugin::{BenchRequest, BuildContext, HealthDecl, Model, ModelError, Plugin};
use crate::plugins::shared::errors::setting;
use crate::plugins::shared::transfer::{OnDevice, on_device};
use crate::plugins::shared::{bench, decls};

pub use model::CycleGanModel;
pub use settings::Settings;

/// The plugin.
pub struct CycleGan;

const GENERATORS: &[&str] = &[
    "resnet_9blocks",
    "resnet_6blocks",
    "unet_32",
    "unet_64",
    "unet_128",
    "unet_256",
    "unet_512",
];

impl Plugin for CycleGan {
    fn name(&self) -> &'static str {
        "cyclegan"
    }

    fn summary(&self) -> &'static str {
        "unpaired translation in both directions with cycle consistency (Zhu et al. 2017)"
    }

    fn params(&self) -> Vec<ParamDecl> {
        let mut params = vec![decls::choice(
            "generator",
            GENERATORS,
            "resnet_9blocks",
            "both generators: 9 residual blocks for 256 pixels and more, 6 for less; unet_N halves N pixels down to one",
        )];
        params.extend(decls::discriminator());
        params.extend(decls::widths());
        params.extend([decls::norm("instance"), decls::upsampling()]);
        params.extend(decls::dropout(false));
        params.extend(decls::gan_mode("lsgan"));
        params.extend([
            decls::weight(
                "lambda_gan",
                1.0,
                "weight of the GAN losses; 0 trains with the cycle losses alone, without discriminators",
            ),
            decls::weight(
                "lambda_a",
                10.0,
                "weight of the forward cycle loss A -> B -> A; 0 leaves it out",
            ),
            decls::weight(
                "lambda_b",
                10.0,
                "weight of the backward cycle loss B -> A -> B; 0 leaves it out",
            ),
            decls::weight(
                "lambda_identity",
                0.5,
                "weight of the identity losses, times lambda_b and lambda_a; 0 leaves them out",
            ),
            decls::decl(
                "pool_size",
                ParamKind::Int { min: 0, max: 1000 },
                ParamValue::Int(50),
                "earlier outputs of each generator that its discriminator is trained on; 0 uses the latest alone",
            ),
        ]);
        params.extend(decls::init());
        params
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Unaligned, Layout::Aligned]
    }

    fn losses(&self, params: &Params) -> Vec<&'static str> {
        Settings::losses(params)
    }

    fn health(&self, _params: &Params) -> Vec<HealthDecl> {
        model::HEALTH.to_vec()
    }

    fn networks(&self, _params: &Params) -> Vec<&'static str> {
        model::NETWORKS.to_vec()
    }

    fn generator(&self) -> &'static str {
        "G_A"
    }

    fn reverse_generator(&self) -> Option<&'static str> {
        Some("G_B")
    }

    fn reverse_visual(&self) -> Option<&'static str> {
        Some("fake_A")
    }

    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        let mut params = bench::networks(request, None);
        params.extend(
            request
                .identity
                .map(|w| ("lambda_identity", ParamValue::Float(w))),
        );
        Ok(params)
    }

    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        if !self.layouts().contains(&spec.data.layout) {
            let layout = format!("{:?}", spec.data.layout).to_lowercase();
            return Err(setting(
                "data.layout",
                layout,
                "CycleGAN trains on two domains: use \"unaligned\", or \"aligned\" for pairs; `diptych translate` applies a \
                 trained generator to any folder",
            ));
        }
        Settings::from_spec(spec)?.check()
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

/// Settings and seed of a model to be built.
struct Build(Settings, u64);

impl OnDevice for Build {
    fn on<D: ImageDevice>(self, device: D) -> Result<Box<dyn Model>, ModelError> {
        Ok(Box::new(CycleGanModel::new(device, self.0, self.1)?))
    }
}

#[cfg(test)]
mod tests;
