//! A network with its tensors and its optimiser.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Gradients, NoneTape, OwnedTape, Trace};
use diptych_domain::spec::OptimSpec;
use diptych_domain::{Images, stream_seed};
use diptych_imgops::{
    AdamConfig, GanMode, ImageDevice, Images4, OpError, Scalar, backward, download_images, gan_loss,
};

use super::errors::{op, weights};
use super::transfer::upload;
use crate::gradient_penalty::{penalise, shares};
use crate::networks::init::initialise;
use crate::networks::{Discriminator, Init, Network, ParamSet, Pass, Statistics};
use crate::optimiser::Adam;
use crate::plugin::{InferMode, ModelError};

/// Seeds the dropout of [`Trained::translate`], so that a translation repeats.
const INFER_SEED: u64 = 0x5eed;

/// How a network starts and how it is optimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// How weights are drawn.
    pub init: Init,
    /// Their spread; for [`Init::Kaiming`] that of batch norms' scales only.
    pub init_gain: f32,
    /// The optimiser, with the learning rate to start with.
    pub adam: AdamConfig,
}

impl Start {
    /// A start with the optimiser's settings from an experiment's `[optim]`.
    pub fn new(init: Init, init_gain: f32, optim: &OptimSpec) -> Self {
        let adam = AdamConfig {
            lr: optim.lr,
            beta1: optim.beta1,
            beta2: optim.beta2,
            eps: 1e-8,
        };
        Self {
            init,
            init_gain,
            adam,
        }
    }
}

/// A network, its tensors and its optimiser.
pub struct Trained<D: ImageDevice, N> {
    /// The architecture.
    pub net: N,
    /// The tensors.
    pub params: ParamSet<D>,
    /// The optimiser.
    pub adam: Adam<D>,
}

impl<D: ImageDevice, N> Trained<D, N> {
    /// The network that `build` adds to an empty set of tensors, initialised from the stream `init/<name>` of `seed`.
    ///
    /// # Errors
    /// Where `build` or the device fails.
    pub fn new(
        device: &D,
        start: Start,
        name: &str,
        seed: u64,
        build: impl FnOnce(&mut ParamSet<D>) -> Result<N, OpError>,
    ) -> Result<Self, ModelError> {
        let mut params = ParamSet::new(device.clone());
        let net = build(&mut params).map_err(op)?;
        let seed = stream_seed(seed, &format!("init/{name}"), 0);
        initialise(&mut params, start.init, start.init_gain, seed).map_err(weights)?;
        let adam = Adam::new(&mut params, start.adam).map_err(op)?;
        Ok(Self { net, params, adam })
    }

    /// Adds the gradient of a loss to the network's buffers; gives the loss's value. `loss` gets gradients to put on a tape,
    /// the architecture and its tensors, and must use them once: `x.traced(grads)` into the network, into the loss.
    ///
    /// # Errors
    /// Where `loss` or the device fails.
    pub fn descend(
        &mut self,
        loss: impl FnOnce(
            Gradients<f32, D>,
            &N,
            &mut ParamSet<D>,
        ) -> Result<Scalar<D, OwnedTape<f32, D>>, OpError>,
    ) -> Result<Scalar<D>, OpError> {
        let grads = self.adam.lend(&self.params)?;
        let loss = loss(grads, &self.net, &mut self.params)?;
        let value = loss.retaped::<NoneTape>();
        let grads = backward(loss)?;
        self.adam.collect(&self.params, grads)?;
        Ok(value)
    }

    /// One step of the optimiser with the gradients collected so far, which are cleared.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn update(&mut self) -> Result<(), OpError> {
        self.adam.step(&mut self.params)
    }
}

impl<D: ImageDevice> Trained<D, Discriminator> {
    /// Adds the gradient of half the discriminator's loss on `x` to its buffers; gives that half, and the verdicts.
    ///
    /// # Errors
    /// Where the images do not fit, or the device fails.
    pub fn judge(
        &mut self,
        x: Images4<D>,
        real: bool,
        mode: GanMode,
    ) -> Result<(Scalar<D>, Images4<D>), OpError> {
        let grads = self.adam.lend(&self.params)?;
        let mut pass = Pass::new(&mut self.params, Statistics::Train, true, 0);
        let logits = self.net.forward(x.traced(grads), &mut pass)?;
        let verdicts = logits.retaped::<NoneTape>();
        let loss = gan_loss(logits, mode, real, 0.5)?;
        let value = loss.retaped::<NoneTape>();
        let grads = backward(loss)?;
        self.adam.collect(&self.params, grads)?;
        Ok((value, verdicts))
    }

    /// Adds the gradient of WGAN-GP's penalty, with this weight, to the critic's buffers; gives the penalty. `seed`
    /// decides where between the real and the generated images the gradient is measured.
    ///
    /// # Errors
    /// Where the images do not fit, or the device fails.
    pub fn penalise(
        &mut self,
        real: &Images4<D>,
        fake: &Images4<D>,
        weight: f32,
        seed: u64,
    ) -> Result<Scalar<D>, OpError> {
        let shares = shares(real.shape().0, seed);
        let pair = (real, fake);
        penalise(&self.net, &mut self.params, &mut self.adam, pair, &shares, weight)
    }
}

impl<D: ImageDevice, N: Network + Sync> Trained<D, N> {
    /// Applies the network to inputs of `inp` channels, one by one: batch statistics are then each image's own, whatever
    /// company it comes in. Dropout is drawn from a fixed seed in [`InferMode::Paper`], so that a translation repeats.
    ///
    /// # Errors
    /// [`ModelError::Input`] where channels or sizes do not fit; or where the device fails.
    pub fn translate(
        &mut self,
        input: &Images,
        [inp, out]: [usize; 2],
        mode: InferMode,
    ) -> Result<Images, ModelError> {
        let statistics = match mode {
            InferMode::Paper => Statistics::Paper,
            InferMode::Eval => Statistics::Eval,
        };
        let mut images = Images {
            n: input.n,
            c: out,
            h: input.h,
            w: input.w,
            data: Vec::with_capacity(input.n * out * input.h * input.w),
        };
        for i in 0..input.n {
            let x = upload(self.params.device(), &input.single(i), inp, "input")?;
            let y = D::enter(|| {
                let mut pass = Pass::new(&mut self.params, statistics, false, INFER_SEED);
                self.net.forward(x, &mut pass)
            });
            let y = y.map_err(|e| match e {
                OpError::Shape { .. } => ModelError::Input(e.to_string()),
                e => op(e),
            })?;
            images.data.extend(download_images(&y).map_err(op)?);
        }
        // Images to translate come in any size; what was kept for this one may fit no other.
        let device = self.params.device();
        device.trim().map_err(|e| op(OpError::device("trim")(e)))?;
        Ok(images)
    }
}
