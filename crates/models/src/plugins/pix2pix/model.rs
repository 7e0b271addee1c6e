//! pix2pix's networks, optimisers and training step (SPEC section 7).

use dfdx::tensor::{NoneTape, PutTape, SplitTape, Trace, WithEmptyTape};
use diptych_domain::{ImagePair, Images, NamedTensor, TensorInfo, stream_seed};
use diptych_imgops::{
    AdamConfig, ImageDevice, Images4, OpError, Scalar, add_losses, backward, concat_channels, gan_loss,
    l1_loss, upload_images,
};

use super::settings::Settings;
use crate::networks::init::initialise;
use crate::networks::params::WeightsError;
use crate::networks::{Discriminator, Generator, ParamSet, Pass, Statistics};
use crate::optimiser::Adam;
use crate::plugin::{InferMode, Model, ModelError};

/// The logged losses, under the reference's names: `G_L1` includes its weight, `D_real` and `D_fake` are not halved.
pub(super) const LOSSES: [&str; 4] = ["G_GAN", "G_L1", "D_real", "D_fake"];

/// Seeds the dropout of `infer`, so that a translation repeats.
const INFER_SEED: u64 = 0x5eed;

/// A network, its tensors and its optimiser.
struct Trained<D: ImageDevice, N> {
    net: N,
    params: ParamSet<D>,
    adam: Adam<D>,
}

/// The latest step's losses, still on the device.
struct Losses<D: ImageDevice> {
    g_gan: Option<Scalar<D>>,
    g_l1: Scalar<D>,
    d_real: Option<Scalar<D>>,
    d_fake: Option<Scalar<D>>,
}

/// pix2pix on a device.
pub struct Pix2PixModel<D: ImageDevice> {
    device: D,
    settings: Settings,
    seed: u64,
    g: Trained<D, Generator>,
    d: Trained<D, Discriminator>,
    losses: Option<Losses<D>>,
}

impl<D: ImageDevice> Pix2PixModel<D> {
    /// Fresh networks and optimisers; `seed` decides the initial weights and every dropout mask.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(device: D, settings: Settings, seed: u64) -> Result<Self, ModelError> {
        let config = AdamConfig {
            lr: settings.lr,
            beta1: settings.beta1,
            beta2: settings.beta2,
            eps: 1e-8,
        };
        let (init, gain) = (settings.init, settings.init_gain);
        let mut params = ParamSet::new(device.clone());
        let net = settings.generator(&mut params).map_err(op)?;
        initialise(&mut params, init, gain, stream_seed(seed, "init/G", 0)).map_err(weights)?;
        let adam = Adam::new(&params, config).map_err(op)?;
        let g = Trained { net, params, adam };
        let mut params = ParamSet::new(device.clone());
        let net = settings.discriminator(&mut params).map_err(op)?;
        initialise(&mut params, init, gain, stream_seed(seed, "init/D", 0)).map_err(weights)?;
        let adam = Adam::new(&params, config).map_err(op)?;
        let d = Trained { net, params, adam };
        Ok(Self {
            device,
            settings,
            seed,
            g,
            d,
            losses: None,
        })
    }

    fn upload(&self, images: &Images, channels: usize, what: &str) -> Result<Images4<D>, ModelError> {
        if images.c != channels {
            let problem = format!("the {what} has {} channels, the model takes {channels}", images.c);
            return Err(ModelError::Input(problem));
        }
        let shape = (images.n, images.c, images.h, images.w);
        upload_images(&self.device, images.data.clone(), shape).map_err(op)
    }

    /// What the discriminator sees: input and output, or the output alone.
    fn judged(&self, a: &Images4<D>, b: &Images4<D>) -> Result<Images4<D>, OpError> {
        if self.settings.conditional {
            concat_channels::<D, NoneTape>(a.clone(), b.clone(), false)
        } else {
            Ok(b.clone())
        }
    }

    /// Adds the gradient of half the discriminator's loss on `x` to its buffers.
    fn judge(&mut self, x: Images4<D>, real: bool) -> Result<Scalar<D>, OpError> {
        let grads = self.d.adam.lend(&self.d.params)?;
        let mut pass = Pass::new(&mut self.d.params, Statistics::Train, true, 0);
        let logits = self.d.net.forward(x.traced(grads), &mut pass)?;
        let loss = gan_loss(logits, self.settings.gan_mode, real, 0.5)?;
        let value = loss.retaped::<NoneTape>();
        let grads = backward(loss)?;
        self.d.adam.collect(&self.d.params, grads)?;
        Ok(value)
    }

    fn step(&mut self, a: Images4<D>, b: Images4<D>, step: u64) -> Result<Losses<D>, OpError> {
        let seed = stream_seed(self.seed, "step/G", step);
        let grads = self.g.adam.lend(&self.g.params)?;
        let mut pass = Pass::new(&mut self.g.params, Statistics::Train, true, seed);
        let fake = self.g.net.forward(a.clone().traced(grads), &mut pass)?;
        let (fake, tape) = fake.split_tape();

        // The discriminator first, on the fake pair first: batch norm's running statistics depend on the order.
        let adversarial = self.settings.lambda_gan > 0.0;
        let (mut d_fake, mut d_real) = (None, None);
        if adversarial {
            let x = self.judged(&a, &fake)?;
            d_fake = Some(self.judge(x, false)?);
            let x = self.judged(&a, &b)?;
            d_real = Some(self.judge(x, true)?);
            self.d.adam.step(&mut self.d.params)?;
        }

        // Then the generator, against the updated discriminator, which is frozen; the same fake.
        let fake = fake.put_tape(tape);
        let (loss, g_gan, g_l1) = if adversarial {
            // A second handle on the same tensor: both losses' gradients meet in it.
            let l1 = l1_loss(fake.with_empty_tape(), &b, self.settings.lambda_l1)?;
            let x = if self.settings.conditional {
                concat_channels(a.retaped(), fake, false)?
            } else {
                fake
            };
            let mut pass = Pass::new(&mut self.d.params, Statistics::Train, false, 0);
            let logits = self.d.net.forward(x, &mut pass)?;
            let gan = gan_loss(logits, self.settings.gan_mode, true, self.settings.lambda_gan)?;
            let values = (Some(gan.retaped()), l1.retaped());
            (add_losses(gan, l1)?, values.0, values.1)
        } else {
            let l1 = l1_loss(fake, &b, self.settings.lambda_l1)?;
            let value = l1.retaped();
            (l1, None, value)
        };
        let grads = backward(loss)?;
        self.g.adam.collect(&self.g.params, grads)?;
        self.g.adam.step(&mut self.g.params)?;
        Ok(Losses {
            g_gan,
            g_l1,
            d_real,
            d_fake,
        })
    }

    fn network(&self, name: &str) -> Result<&ParamSet<D>, ModelError> {
        match name {
            "G" => Ok(&self.g.params),
            "D" => Ok(&self.d.params),
            _ => Err(ModelError::Weights(format!(
                "pix2pix has no network `{name}`; it has G and D"
            ))),
        }
    }
}

impl<D: ImageDevice> Model for Pix2PixModel<D> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        let a = self.upload(&batch.a, self.settings.inp, "input")?;
        let b = self.upload(&batch.b, self.settings.out, "target")?;
        self.losses = Some(D::enter(|| self.step(a, b, step)).map_err(op)?);
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let Some(losses) = &self.losses else {
            return Ok(Vec::new());
        };
        let value = |loss: &Scalar<D>| loss.as_vec().first().map_or(f64::NAN, |v| f64::from(*v));
        // The discriminator's losses carry the factor 0.5 of its objective; the reference logs them without.
        let all = [
            losses.g_gan.as_ref().map(|l| (LOSSES[0], value(l))),
            Some((LOSSES[1], value(&losses.g_l1))),
            losses.d_real.as_ref().map(|l| (LOSSES[2], 2.0 * value(l))),
            losses.d_fake.as_ref().map(|l| (LOSSES[3], 2.0 * value(l))),
        ];
        Ok(all.into_iter().flatten().collect())
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.g.adam.set_learning_rate(lr);
        self.d.adam.set_learning_rate(lr);
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        let statistics = match mode {
            InferMode::Paper => Statistics::Paper,
            InferMode::Eval => Statistics::Eval,
        };
        let mut out = Images {
            n: input.n,
            c: self.settings.out,
            h: input.h,
            w: input.w,
            data: Vec::new(),
        };
        out.data.reserve(input.n * out.c * out.h * out.w);
        // One by one: batch statistics are then each image's own, whatever company it comes in.
        for i in 0..input.n {
            let x = self.upload(&input.single(i), self.settings.inp, "input")?;
            let g = &mut self.g;
            let y = D::enter(|| {
                let mut pass = Pass::new(&mut g.params, statistics, false, INFER_SEED);
                g.net.forward(x, &mut pass)
            });
            let y = y.map_err(|e| match e {
                OpError::Shape { .. } => ModelError::Input(e.to_string()),
                e => op(e),
            })?;
            out.data.extend(y.as_vec());
        }
        Ok(out)
    }

    fn state(&self) -> Vec<TensorInfo> {
        let named = |prefix: &str, infos: Vec<TensorInfo>| {
            let prefix = prefix.to_owned();
            infos.into_iter().map(move |i| TensorInfo {
                name: format!("{prefix}.{}", i.name),
                ..i
            })
        };
        named("G", self.g.params.infos())
            .chain(named("D", self.d.params.infos()))
            .chain(named("optim.G", self.g.adam.infos(&self.g.params)))
            .chain(named("optim.D", self.d.adam.infos(&self.d.params)))
            .collect()
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        let unknown = || ModelError::Weights(format!("pix2pix has no state tensor `{name}`"));
        let (part, rest) = split_state_name(name).ok_or_else(unknown)?;
        let tensor = match part {
            Part::Network(net) => {
                let params = self.network(net)?;
                params.read(params.find(rest).ok_or_else(unknown)?)
            }
            Part::Optimiser("G") => self.g.adam.read(&self.g.params, rest).map_err(weights)?,
            Part::Optimiser(_) => self.d.adam.read(&self.d.params, rest).map_err(weights)?,
        };
        Ok(NamedTensor {
            name: name.to_owned(),
            ..tensor
        })
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        let unknown = || ModelError::Weights(format!("pix2pix has no state tensor `{}`", tensor.name));
        let (part, rest) = split_state_name(&tensor.name).ok_or_else(unknown)?;
        let inner = NamedTensor {
            name: rest.to_owned(),
            ..tensor.clone()
        };
        match part {
            Part::Network("G") => self.g.params.write_named(&inner),
            Part::Network(_) => self.d.params.write_named(&inner),
            Part::Optimiser("G") => self.g.adam.write(&self.g.params, &inner),
            Part::Optimiser(_) => self.d.adam.write(&self.d.params, &inner),
        }
        .map_err(weights)
    }

    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        Ok(self.network(network)?.read_all())
    }

    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        self.network(network)?;
        let params = if network == "G" {
            &mut self.g.params
        } else {
            &mut self.d.params
        };
        params.write_all(tensors).map_err(weights)
    }

    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("G", self.g.params.trained_values()),
            ("D", self.d.params.trained_values()),
        ]
    }
}

/// Which part of the state a tensor belongs to.
enum Part<'a> {
    Network(&'a str),
    Optimiser(&'a str),
}

/// `G.x`, `D.x`, `optim.G.x`, `optim.D.x` into part and `x`.
fn split_state_name(name: &str) -> Option<(Part<'_>, &str)> {
    let (head, rest) = name.split_once('.')?;
    match head {
        "G" | "D" => Some((Part::Network(head), rest)),
        "optim" => match rest.split_once('.')? {
            (net @ ("G" | "D"), rest) => Some((Part::Optimiser(net), rest)),
            _ => None,
        },
        _ => None,
    }
}

fn op(error: OpError) -> ModelError {
    ModelError::Op(Box::new(error))
}

fn weights(error: WeightsError) -> ModelError {
    match error {
        WeightsError::Op(e) => op(e),
        other => ModelError::Weights(other.to_string()),
    }
}
