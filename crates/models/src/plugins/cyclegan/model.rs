//! CycleGAN's networks, optimisers and training step (SPEC section 8).

use diptych_domain::{ImagePair, Images, NamedTensor, Size, TensorInfo, stream_seed};
use diptych_imgops::{ImageDevice, Images4, Scalar};

use super::direction::{Cycle, Judgement, discriminate, keep};
use super::pool::ImagePool;
use super::settings::Settings;
use crate::networks::{Discriminator, Generator};
use crate::plugin::{HealthDecl, HealthKind, InferMode, Model, ModelError};
use crate::plugins::shared::errors::{op, weights};
use crate::plugins::shared::state::{Networks, Part, PartMut};
use crate::plugins::shared::trained::Trained;
use crate::plugins::shared::transfer::{LatestExtents, upload, value};

/// The networks: `G_A` translates A to B and `D_A` judges B; `G_B` translates B to A and `D_B` judges A.
pub(super) const NETWORKS: [&str; 4] = ["G_A", "G_B", "D_A", "D_B"];

/// The health values: each discriminator's verdicts, then every gradient. `D_A` judges what `G_A` makes.
pub(super) const HEALTH: [HealthDecl; 10] = [
    health("D_real_A", HealthKind::Real),
    health("D_fake_A", HealthKind::Fake),
    health("D_accuracy_A", HealthKind::Accuracy),
    health("D_real_B", HealthKind::Real),
    health("D_fake_B", HealthKind::Fake),
    health("D_accuracy_B", HealthKind::Accuracy),
    health("grad_G_A", HealthKind::GradientNorm),
    health("grad_G_B", HealthKind::GradientNorm),
    health("grad_D_A", HealthKind::GradientNorm),
    health("grad_D_B", HealthKind::GradientNorm),
];

const fn health(name: &'static str, kind: HealthKind) -> HealthDecl {
    HealthDecl { name, kind }
}

/// The state's names of the pools, each after the images that it holds.
const POOLS: [&str; 2] = ["pool.fake_B.", "pool.fake_A."];

/// One direction's losses of the latest step, still on the device, weights included; those without a weight are not computed.
struct Losses<D: ImageDevice> {
    d: Option<Judgement<D>>,
    g: Option<Scalar<D>>,
    cycle: Option<Scalar<D>>,
    identity: Option<Scalar<D>>,
}

/// CycleGAN on a device.
pub struct CycleGanModel<D: ImageDevice> {
    device: D,
    settings: Settings,
    seed: u64,
    g_a: Trained<D, Generator>,
    g_b: Trained<D, Generator>,
    d_a: Trained<D, Discriminator>,
    d_b: Trained<D, Discriminator>,
    /// What D_A is shown for fakes: outputs of G_A, then what D_B is shown.
    pools: [ImagePool<D>; 2],
    extents: LatestExtents,
    losses: Option<[Losses<D>; 2]>,
}

impl<D: ImageDevice> CycleGanModel<D> {
    /// Fresh networks, optimisers and pools; `seed` decides the initial weights, every dropout mask and the pools' draws.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(device: D, settings: Settings, seed: u64) -> Result<Self, ModelError> {
        let (a, b) = (settings.channels_a, settings.channels_b);
        let (height, width) = (settings.crop.height as usize, settings.crop.width as usize);
        let networks = &settings.networks;
        let generator = |name, inp, out| {
            Trained::new(&device, networks.start(), name, seed, |p| {
                networks.generator(p, inp, out)
            })
        };
        let discriminator = |name, inp| {
            Trained::new(&device, networks.start(), name, seed, |p| {
                networks.discriminator(p, inp)
            })
        };
        Ok(Self {
            g_a: generator("G_A", a, b)?,
            g_b: generator("G_B", b, a)?,
            d_a: discriminator("D_A", b)?,
            d_b: discriminator("D_B", a)?,
            pools: [b, a].map(|channels| {
                ImagePool::new(device.clone(), settings.pool_size, [channels, height, width])
            }),
            device,
            settings,
            seed,
            extents: LatestExtents::default(),
            losses: None,
        })
    }

    fn step(&mut self, a: Images4<D>, b: Images4<D>, step: u64) -> Result<[Losses<D>; 2], ModelError> {
        let s = &self.settings;
        let (mode, penalty) = (s.networks.gan_mode, s.networks.penalty());
        let (lambda_gan, lambda_a, lambda_b) = (s.lambda_gan, s.lambda_a, s.lambda_b);
        let [weight_a, weight_b] = s.identity();
        let run_seed = self.seed;
        let seed = |stream: &str| stream_seed(run_seed, &format!("step/{stream}"), step);

        // The generators, against frozen discriminators. The loss is a sum whose terms share no tensor but the weights, so
        // each term is run backwards by itself, and the gradients meet in the optimisers' buffers: the activations of two
        // generators live at once instead of those of six.
        let forth = Cycle {
            there: &mut self.g_a,
            back: &mut self.g_b,
            judge: &mut self.d_a,
            seeds: [seed("fake_B"), seed("rec_A")],
        };
        let forth = forth.run(&a, mode, lambda_gan, lambda_a).map_err(op)?;
        let back = Cycle {
            there: &mut self.g_b,
            back: &mut self.g_a,
            judge: &mut self.d_b,
            seeds: [seed("fake_A"), seed("rec_B")],
        };
        let back = back.run(&b, mode, lambda_gan, lambda_b).map_err(op)?;
        let idt_a = keep(&mut self.g_a, &b, weight_a, seed("idt_A")).map_err(op)?;
        let idt_b = keep(&mut self.g_b, &a, weight_b, seed("idt_B")).map_err(op)?;
        self.g_a.update().map_err(op)?;
        self.g_b.update().map_err(op)?;

        // Then the discriminators, on fakes from before that update, now and then on older ones.
        let (mut d_a, mut d_b) = (None, None);
        if let (Some(fake_b), Some(fake_a)) = (forth.fake, back.fake) {
            let [pool_b, pool_a] = &mut self.pools;
            let fake_b = pool_b.exchange(fake_b, seed("pool_B")).map_err(op)?;
            let fake_a = pool_a.exchange(fake_a, seed("pool_A")).map_err(op)?;
            let penalty = |stream| penalty.map(|weight| (weight, seed(stream)));
            d_a = Some(discriminate(&mut self.d_a, b, fake_b, mode, penalty("gp_A")).map_err(op)?);
            d_b = Some(discriminate(&mut self.d_b, a, fake_a, mode, penalty("gp_B")).map_err(op)?);
        }
        Ok([
            Losses {
                d: d_a,
                g: forth.gan,
                cycle: forth.cycle,
                identity: idt_a,
            },
            Losses {
                d: d_b,
                g: back.gan,
                cycle: back.cycle,
                identity: idt_b,
            },
        ])
    }

    /// Pools keep images of one size.
    fn check_pooled(&self, images: &Images) -> Result<(), ModelError> {
        let Size { width, height } = self.settings.crop;
        if self.settings.pool_size == 0 || (images.w, images.h) == (width as usize, height as usize) {
            return Ok(());
        }
        Err(ModelError::Input(format!(
            "training images of {} x {} pixels, where the image pool was made for {width} x {height}",
            images.w, images.h
        )))
    }
}

impl<D: ImageDevice> Networks for CycleGanModel<D> {
    type Device = D;

    const PLUGIN: &'static str = "cyclegan";

    fn parts(&self) -> Vec<Part<'_, D>> {
        let [g_a, g_b, d_a, d_b] = NETWORKS;
        vec![
            self.g_a.part(g_a),
            self.g_b.part(g_b),
            self.d_a.part(d_a),
            self.d_b.part(d_b),
        ]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_, D>> {
        let [g_a, g_b, d_a, d_b] = NETWORKS;
        vec![
            self.g_a.part_mut(g_a),
            self.g_b.part_mut(g_b),
            self.d_a.part_mut(d_a),
            self.d_b.part_mut(d_b),
        ]
    }
}

impl<D: ImageDevice> Model for CycleGanModel<D> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.check_pooled(&batch.a)?;
        self.check_pooled(&batch.b)?;
        self.extents.note(&self.device, &batch.a)?;
        let a = upload(&self.device, &batch.a, self.settings.channels_a, "A side")?;
        let b = upload(&self.device, &batch.b, self.settings.channels_b, "B side")?;
        self.losses = Some(D::enter(|| self.step(a, b, step))?);
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let Some(both) = &self.losses else {
            return Ok(Vec::new());
        };
        let direction = |l: &Losses<D>, names: [&'static str; 5]| {
            let d = l.d.as_ref();
            let values = [
                d.map(|d| d.halves.iter().map(value).sum()),
                d.and_then(|d| d.penalty.as_ref()).map(value),
                l.g.as_ref().map(value),
                l.cycle.as_ref().map(value),
                l.identity.as_ref().map(value),
            ];
            let named =
                |(name, value): (_, Option<Result<f64, ModelError>>)| Some(value?.map(|value| (name, value)));
            names
                .into_iter()
                .zip(values)
                .filter_map(named)
                .collect::<Result<Vec<_>, ModelError>>()
        };
        let [forth, back] = both;
        let mut all = direction(forth, ["D_A", "gp_A", "G_A", "cycle_A", "idt_A"])?;
        all.extend(direction(back, ["D_B", "gp_B", "G_B", "cycle_B", "idt_B"])?);
        Ok(all)
    }

    fn watch(&mut self, on: bool) {
        self.g_a.adam.watch(on);
        self.g_b.adam.watch(on);
        self.d_a.adam.watch(on);
        self.d_b.adam.watch(on);
    }

    fn health(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let Some(both) = &self.losses else {
            return Ok(Vec::new());
        };
        let mode = self.settings.networks.gan_mode;
        let read = |l: &Losses<D>| l.d.as_ref().map(|d| d.verdicts.read(mode)).transpose();
        let [forth, back] = both;
        let values = [read(forth).map_err(op)?, read(back).map_err(op)?];
        let judged = values
            .into_iter()
            .flat_map(|values| (0..3).map(move |i| values.map(|v| v[i])));
        // Without the adversarial losses the discriminators stand still.
        let adversarial = both.iter().any(|l| l.d.is_some());
        let gradients = [
            self.g_a.adam.gradient_norm(),
            self.g_b.adam.gradient_norm(),
            self.d_a.adam.gradient_norm().filter(|_| adversarial),
            self.d_b.adam.gradient_norm().filter(|_| adversarial),
        ];
        Ok(HEALTH
            .iter()
            .zip(judged.chain(gradients))
            .filter_map(|(decl, value)| Some((decl.name, value?)))
            .collect())
    }

    fn receptive_field(&self) -> Option<usize> {
        Some(self.g_a.net.receptive_field())
    }

    fn infer_back(&mut self, input: &Images, mode: InferMode) -> Result<Option<Images>, ModelError> {
        let channels = [self.settings.channels_b, self.settings.channels_a];
        self.g_b.translate(input, channels, mode).map(Some)
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.set_rate(lr);
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        let channels = [self.settings.channels_a, self.settings.channels_b];
        self.g_a.translate(input, channels, mode)
    }

    /// Both directions, there and back, and what each generator makes of its output's domain. Where the data is not paired,
    /// the pair's target is just some image of the other domain.
    fn visuals(
        &mut self,
        pair: &ImagePair,
        mode: InferMode,
    ) -> Result<Vec<(&'static str, Images)>, ModelError> {
        let (a, b) = (self.settings.channels_a, self.settings.channels_b);
        let fake_b = self.g_a.translate(&pair.a, [a, b], mode)?;
        let rec_a = self.g_b.translate(&fake_b, [b, a], mode)?;
        let fake_a = self.g_b.translate(&pair.b, [b, a], mode)?;
        let rec_b = self.g_a.translate(&fake_a, [a, b], mode)?;
        let mut all = vec![
            ("output", fake_b),
            ("rec_A", rec_a),
            ("fake_A", fake_a),
            ("rec_B", rec_b),
        ];
        let [of_a, of_b] = self.settings.identity();
        if of_a > 0.0 {
            all.push(("idt_A", self.g_a.translate(&pair.b, [a, b], mode)?));
        }
        if of_b > 0.0 {
            all.push(("idt_B", self.g_b.translate(&pair.a, [b, a], mode)?));
        }
        Ok(all)
    }

    fn state(&self) -> Vec<TensorInfo> {
        let pools = POOLS.iter().zip(&self.pools).flat_map(|(prefix, pool)| {
            pool.infos().into_iter().map(move |i| TensorInfo {
                name: format!("{prefix}{}", i.name),
                ..i
            })
        });
        let mut all = self.tensor_infos();
        all.extend(pools);
        all
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        for (prefix, pool) in POOLS.iter().zip(&self.pools) {
            if let Some(rest) = name.strip_prefix(prefix) {
                let tensor = pool.read(rest).map_err(weights)?;
                return Ok(NamedTensor {
                    name: name.to_owned(),
                    ..tensor
                });
            }
        }
        self.read_tensor(name)
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        for (prefix, pool) in POOLS.iter().zip(&mut self.pools) {
            if let Some(rest) = tensor.name.strip_prefix(prefix) {
                let inner = NamedTensor {
                    name: rest.to_owned(),
                    ..tensor.clone()
                };
                return pool.write(&inner).map_err(weights);
            }
        }
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
