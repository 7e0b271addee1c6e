//! A network with its tensors and its optimiser.

use dfdx::tensor::{NoneTape, Trace};
use diptych_domain::{Images, stream_seed};
use diptych_imgops::{GanMode, ImageDevice, Images4, OpError, Scalar, backward, gan_loss};

use super::errors::{op, weights};
use super::networks::NetworkSettings;
use super::transfer::upload;
use crate::networks::init::initialise;
use crate::networks::{Discriminator, Generator, ParamSet, Pass, Statistics};
use crate::optimiser::Adam;
use crate::plugin::{InferMode, ModelError};

/// Seeds the dropout of [`Trained::translate`], so that a translation repeats.
const INFER_SEED: u64 = 0x5eed;

/// A network, its tensors and its optimiser.
pub(crate) struct Trained<D: ImageDevice, N> {
    pub(crate) net: N,
    pub(crate) params: ParamSet<D>,
    pub(crate) adam: Adam<D>,
}

impl<D: ImageDevice, N> Trained<D, N> {
    /// The network that `build` adds to an empty set of tensors, initialised from the stream `init/<name>`.
    pub(crate) fn new(
        device: &D,
        settings: &NetworkSettings,
        name: &str,
        seed: u64,
        build: impl FnOnce(&mut ParamSet<D>) -> Result<N, OpError>,
    ) -> Result<Self, ModelError> {
        let mut params = ParamSet::new(device.clone());
        let net = build(&mut params).map_err(op)?;
        let seed = stream_seed(seed, &format!("init/{name}"), 0);
        initialise(&mut params, settings.init, settings.init_gain, seed).map_err(weights)?;
        let adam = Adam::new(&mut params, settings.adam).map_err(op)?;
        Ok(Self { net, params, adam })
    }

    /// One step of the optimiser with the gradients collected so far.
    pub(crate) fn update(&mut self) -> Result<(), OpError> {
        self.adam.step(&mut self.params)
    }
}

impl<D: ImageDevice> Trained<D, Discriminator> {
    /// Adds the gradient of half the discriminator's loss on `x` to its buffers; gives that half, and the verdicts.
    pub(crate) fn judge(
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
}

impl<D: ImageDevice> Trained<D, Generator> {
    /// Applies the generator to inputs of `inp` channels, one by one: batch statistics are then each image's own, whatever
    /// company it comes in.
    pub(crate) fn translate(
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
            images.data.extend(y.as_vec());
        }
        // Images to translate come in any size; what was kept for this one may fit no other.
        let device = self.params.device();
        device.trim().map_err(|e| op(OpError::device("trim")(e)))?;
        Ok(images)
    }
}
