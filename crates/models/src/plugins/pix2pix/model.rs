//! pix2pix's networks, optimisers and training step (SPEC section 7).

use dfdx::tensor::{NoneTape, PutTape, SplitTape, Trace, WithEmptyTape};
use diptych_domain::{ImagePair, Images, NamedTensor, TensorInfo, stream_seed};
use diptych_imgops::{
    ImageDevice, Images4, OpError, Scalar, add_losses, backward, concat_channels, gan_loss, l1_loss,
};

use super::settings::Settings;
use crate::networks::{Discriminator, Generator, Pass, Statistics};
use crate::plugin::{HealthDecl, HealthKind, InferMode, Model, ModelError};
use crate::plugins::shared::errors::op;
use crate::plugins::shared::health::Verdicts;
use crate::plugins::shared::state::{Networks, Part, PartMut};
use crate::plugins::shared::trained::Trained;
use crate::plugins::shared::transfer::{LatestExtents, upload, value};

/// The health values: the discriminator's verdicts, and both gradients.
pub(super) const HEALTH: [HealthDecl; 5] = [
    HealthDecl {
        name: "D_real",
        kind: HealthKind::Real,
    },
    HealthDecl {
        name: "D_fake",
        kind: HealthKind::Fake,
    },
    HealthDecl {
        name: "D_accuracy",
        kind: HealthKind::Accuracy,
    },
    HealthDecl {
        name: "grad_G",
        kind: HealthKind::GradientNorm,
    },
    HealthDecl {
        name: "grad_D",
        kind: HealthKind::GradientNorm,
    },
];

/// The latest step's losses, still on the device; those without a weight are not computed.
struct Losses<D: ImageDevice> {
    g_gan: Option<Scalar<D>>,
    g_l1: Option<Scalar<D>>,
    d_real: Option<Scalar<D>>,
    d_fake: Option<Scalar<D>>,
    d_gp: Option<Scalar<D>>,
    verdicts: Option<Verdicts<D>>,
}

/// pix2pix on a device.
pub struct Pix2PixModel<D: ImageDevice> {
    device: D,
    settings: Settings,
    seed: u64,
    g: Trained<D, Generator>,
    d: Trained<D, Discriminator>,
    extents: LatestExtents,
    losses: Option<Losses<D>>,
}

impl<D: ImageDevice> Pix2PixModel<D> {
    /// Fresh networks and optimisers; `seed` decides the initial weights and every dropout mask.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(device: D, settings: Settings, seed: u64) -> Result<Self, ModelError> {
        let networks = &settings.networks;
        let g = Trained::new(&device, networks.start(), "G", seed, |params| {
            networks.generator(params, settings.inp, settings.out)
        })?;
        let d = Trained::new(&device, networks.start(), "D", seed, |params| {
            networks.discriminator(params, settings.judged_channels())
        })?;
        Ok(Self {
            device,
            settings,
            seed,
            g,
            d,
            extents: LatestExtents::default(),
            losses: None,
        })
    }

    /// What the discriminator sees: input and output, or the output alone.
    fn judged(&self, a: &Images4<D>, b: &Images4<D>) -> Result<Images4<D>, OpError> {
        if self.settings.conditional {
            concat_channels::<D, NoneTape>(a.clone(), b.clone(), false)
        } else {
            Ok(b.clone())
        }
    }

    fn step(&mut self, a: Images4<D>, b: Images4<D>, step: u64) -> Result<Losses<D>, OpError> {
        let seed = stream_seed(self.seed, "step/G", step);
        let grads = self.g.adam.lend(&self.g.params)?;
        let mut pass = Pass::new(&mut self.g.params, Statistics::Train, true, seed);
        let fake = self.g.net.forward(a.clone().traced(grads), &mut pass)?;
        let (fake, tape) = fake.split_tape();

        // The discriminator first, on the fake pair first: batch norm's running statistics depend on the order.
        let (adversarial, mode) = (self.settings.lambda_gan > 0.0, self.settings.networks.gan_mode);
        let (mut d_fake, mut d_real, mut d_gp, mut verdicts) = (None, None, None, None);
        if adversarial {
            let (generated, real) = (self.judged(&a, &fake)?, self.judged(&a, &b)?);
            let (loss, of_fake) = self.d.judge(generated.clone(), false, mode)?;
            d_fake = Some(loss);
            let (loss, of_real) = self.d.judge(real.clone(), true, mode)?;
            d_real = Some(loss);
            verdicts = Some(Verdicts {
                real: of_real,
                fake: of_fake,
            });
            if let Some(weight) = self.settings.networks.penalty() {
                // Halved like the rest of the discriminator's objective, so that they keep the paper's proportion.
                let seed = stream_seed(self.seed, "step/D_gp", step);
                d_gp = Some(self.d.penalise(&real, &generated, 0.5 * weight, seed)?);
            }
            self.d.update()?;
        }

        // Then the generator, against the updated discriminator, which is frozen; the same fake.
        let fake = fake.put_tape(tape);
        let (mut g_gan, mut g_l1) = (None, None);
        let lambda_l1 = self.settings.lambda_l1;
        let loss = if adversarial {
            // A second handle on the same tensor: both losses' gradients meet in it.
            let second = (lambda_l1 > 0.0).then(|| fake.with_empty_tape());
            let x = if self.settings.conditional {
                concat_channels(a.retaped(), fake, false)?
            } else {
                fake
            };
            let mut pass = Pass::new(&mut self.d.params, Statistics::Train, false, 0);
            let logits = self.d.net.forward(x, &mut pass)?;
            let gan = gan_loss(logits, mode, true, self.settings.lambda_gan)?;
            g_gan = Some(gan.retaped());
            match second {
                Some(second) => {
                    let l1 = l1_loss(second, &b, lambda_l1)?;
                    g_l1 = Some(l1.retaped());
                    add_losses(gan, l1)?
                }
                None => gan,
            }
        } else {
            let l1 = l1_loss(fake, &b, lambda_l1)?;
            g_l1 = Some(l1.retaped());
            l1
        };
        let grads = backward(loss)?;
        self.g.adam.collect(&self.g.params, grads)?;
        self.g.update()?;
        Ok(Losses {
            g_gan,
            g_l1,
            d_real,
            d_fake,
            d_gp,
            verdicts,
        })
    }
}

impl<D: ImageDevice> Networks for Pix2PixModel<D> {
    type Device = D;

    const PLUGIN: &'static str = "pix2pix";

    fn parts(&self) -> Vec<Part<'_, D>> {
        vec![self.g.part("G"), self.d.part("D")]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_, D>> {
        vec![self.g.part_mut("G"), self.d.part_mut("D")]
    }
}

impl<D: ImageDevice> Model for Pix2PixModel<D> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.extents.note(&self.device, &batch.a)?;
        let a = upload(&self.device, &batch.a, self.settings.inp, "input")?;
        let b = upload(&self.device, &batch.b, self.settings.out, "target")?;
        self.losses = Some(D::enter(|| self.step(a, b, step)).map_err(op)?);
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let Some(losses) = &self.losses else {
            return Ok(Vec::new());
        };
        // Weights are included, but for the factor 0.5 of the discriminator's objective: the reference logs without it.
        let all = [
            ("G_GAN", 1.0, &losses.g_gan),
            ("G_L1", 1.0, &losses.g_l1),
            ("D_real", 2.0, &losses.d_real),
            ("D_fake", 2.0, &losses.d_fake),
            ("D_gp", 2.0, &losses.d_gp),
        ];
        let named = |(name, factor, loss): (_, f64, &Option<Scalar<D>>)| {
            let loss = loss.as_ref()?;
            Some(value(loss).map(|value| (name, factor * value)))
        };
        all.into_iter().filter_map(named).collect()
    }

    fn watch(&mut self, on: bool) {
        self.g.adam.watch(on);
        self.d.adam.watch(on);
    }

    fn health(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let verdicts = self.losses.as_ref().and_then(|l| l.verdicts.as_ref());
        let read = verdicts
            .map(|v| v.read(self.settings.networks.gan_mode))
            .transpose()
            .map_err(op)?;
        let judged = (0..3).map(|i| read.map(|values| values[i]));
        // Without the adversarial loss the discriminator stands still.
        let gradients = [
            self.g.adam.gradient_norm(),
            self.d.adam.gradient_norm().filter(|_| read.is_some()),
        ];
        let values = judged.chain(gradients);
        Ok(HEALTH
            .iter()
            .zip(values)
            .filter_map(|(decl, value)| Some((decl.name, value?)))
            .collect())
    }

    fn receptive_field(&self) -> Option<usize> {
        Some(self.g.net.receptive_field())
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.set_rate(lr);
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        let channels = [self.settings.inp, self.settings.out];
        self.g.translate(input, channels, mode)
    }

    fn state(&self) -> Vec<TensorInfo> {
        self.tensor_infos()
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        self.read_tensor(name)
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        self.write_tensor(tensor)
    }

    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        self.network_weights(network)
    }

    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        self.set_network_weights(network, tensors)
    }

    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        self.trained_counts()
    }
}
