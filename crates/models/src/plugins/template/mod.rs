//! The plugin to copy: a complete model in one file, which trains a few convolutions to turn inputs into their targets, or, on
//! a folder of single images, to reproduce them. It is tested like any other but not registered.
//!
//! To make a model of your own of it:
//!
//! 1. Copy this folder, rename `Template`, and give it a name and a summary. Outside Diptych's own crates, replace
//!    `crate::prelude` by `diptych::plugin`.
//! 2. Declare what can be set ([`Plugin::params`]) and what is logged ([`Plugin::losses`]).
//! 3. Put your architecture in place of [`Stack`], or take one of `networks` (`UNet`, `ResNet`, `PatchGan`, …).
//! 4. Write your training step ([`Training::train_step`]).
//! 5. Add one line to `Registry::builtin`; or, from a crate of your own, `diptych::run(Registry::builtin().with(Mine))`.
//!
//! `train`, `resume`, `translate`, `evaluate`, `weights`, `models`, the store and the queries know it from then on.

// Everything that a plugin is written with. From outside: `use diptych::plugin::*;`
use crate::prelude::*;

/// The declaration: it has no state, and everything that is shown about the model before one is built comes from here.
pub struct Template;

impl Plugin for Template {
    // The word after `model =` in an experiment: lower-case letters, digits, `-`, `_`.
    fn name(&self) -> &'static str {
        "template"
    }

    // A line in `diptych models`.
    fn summary(&self) -> &'static str {
        "a stack of convolutions: inputs to targets, or images to themselves"
    }

    // The keys under `[params]`. Values are checked against kind and range before a run is made, and defaults filled in;
    // `--set`, sweeps and queries know them by these names. `decls` has more kinds, and what the other models declare.
    fn params(&self) -> Vec<ParamDecl> {
        let whole = |max| ParamKind::Int { min: 1, max };
        vec![
            decls::decl("width", whole(1024), ParamValue::Int(16), "channels inside"),
            decls::decl(
                "depth",
                whole(32),
                ParamValue::Int(3),
                "layers between the first and the last",
            ),
            decls::choice(
                "loss",
                &["l1", "l2"],
                "l1",
                "mean of absolute or of squared differences",
            ),
            decls::norm("instance"),
        ]
    }

    // How the data may lie on disk: `Single` has no targets, `Unaligned` none that belong to an input.
    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned, Layout::Single]
    }

    // What `loss/…` there is, in the order in which `Training::losses` gives it. It may depend on the parameters.
    fn losses(&self, _params: &Params) -> Vec<&'static str> {
        vec!["G"]
    }

    // The networks as files call them: `weights export` writes one file for each. The one named by `Plugin::generator`
    // ("G" unless overridden) is what `translate` applies.
    fn networks(&self, _params: &Params) -> Vec<&'static str> {
        vec!["G"]
    }

    // What `diptych bench --width W` means for this model.
    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        Ok(vec![("width", ParamValue::Int(request.width.into()))])
    }

    // What single declarations cannot say. `setting` names the key, and the error comes with the experiment's line. A network
    // that takes only some sizes would check `data.crop_size` (width and height) here; convolutions of stride 1 take any, and
    // `Generator` fits images to its network.
    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        if spec.data.layout == Layout::Unaligned {
            let problem =
                "it needs a target for each input: use \"aligned\", or \"single\" to reproduce images";
            return Err(setting("data.layout", "unaligned", problem));
        }
        Ok(())
    }

    // Networks and optimisers on a device. `resolve` fills in the defaults of parameters that a stored run does not have yet.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        let spec = &context.spec;
        self.validate(spec)?;
        let params = resolve(self, spec)?;
        let values = Values(&params);
        // Input and target, with `data.direction` applied; without targets, the input is its own.
        let (inp, target) = spec.data.channels();
        let out = if spec.data.layout == Layout::Single {
            inp
        } else {
            target
        };
        let norm = match values.word("norm")? {
            "batch" => Norm::Batch,
            "instance" => Norm::Instance,
            _ => Norm::None,
        };
        // Everything below is generic over the device; here the choice becomes one.
        let build = Build {
            channels: [inp, values.count("width")?, out],
            depth: values.count("depth")?,
            norm,
            squared: values.word("loss")? == "l2",
            start: Start::new(Init::Kaiming, 0.02, &spec.optim),
            seed: spec.seed,
        };
        on_device(context.device, build)
    }
}

/// A model to be built.
struct Build {
    channels: [usize; 3],
    depth: usize,
    norm: Norm,
    squared: bool,
    start: Start,
    seed: u64,
}

impl OnDevice for Build {
    fn on<D: ImageDevice>(self, device: D) -> Result<Box<dyn Model>, ModelError> {
        // Weights are drawn from the stream of the network's name: they depend on `seed` and on nothing else.
        let g = Trained::new(&device, self.start, "G", self.seed, |tensors| {
            Stack::new(tensors, self.channels, self.depth, self.norm)
        })?;
        let [inp, _, out] = self.channels;
        Ok(Box::new(Assembled(TemplateModel {
            channels: [inp, out],
            squared: self.squared,
            seed: self.seed,
            g,
            device,
            extents: LatestExtents::default(),
            loss: None,
        })))
    }
}

/// The architecture: which layers there are, and which tensors are theirs.
pub struct Stack {
    first: Conv,
    middle: Vec<(Conv, NormLayer)>,
    last: Conv,
}

impl Stack {
    /// Adds the layers' tensors to `tensors`; their names are those that files get. `channels` are those of input, inside and
    /// output.
    fn new<D: ImageDevice>(
        tensors: &mut ParamSet<D>,
        [inp, width, out]: [usize; 3],
        depth: usize,
        norm: Norm,
    ) -> Result<Self, OpError> {
        // Kernels of 3x3 that keep the size.
        let shape = |inp, out, bias| ConvShape {
            inp,
            out,
            kernel: 3,
            stride: 1,
            padding: 1,
            bias,
        };
        Ok(Self {
            // `first` says that nothing in front of it wants a gradient: the images come from disk.
            first: Conv::new(tensors, "model.0", shape(inp, width, true))?.first(),
            middle: (1..=depth)
                .map(|i| {
                    let conv = Conv::new(tensors, &format!("model.{i}.conv"), shape(width, width, true))?;
                    Ok((
                        conv,
                        NormLayer::new(tensors, &format!("model.{i}.norm"), norm, width)?,
                    ))
                })
                .collect::<Result<_, OpError>>()?,
            last: Conv::new(tensors, &format!("model.{}", depth + 1), shape(width, out, true))?,
        })
    }
}

impl Network for Stack {
    // The same code runs with a tape (training) and without (translating), on every device.
    fn forward<D: ImageDevice, T: Flow<D>>(
        &self,
        x: Images4<D, T>,
        pass: &mut Pass<'_, D>,
    ) -> Result<Images4<D, T>, OpError> {
        // What follows a convolution, a norm or an activation, is done in the same pass over memory where it can be.
        let mut y = self.first.forward(x, Some(Activation::Relu), pass)?;
        for (conv, norm) in &self.middle {
            y = norm.behind(Some(Activation::Relu), pass, |finish, pass| {
                conv.forward(y, finish, pass)
            })?;
        }
        // Images are in [-1, 1].
        self.last.forward(y, Some(Activation::Tanh), pass)
    }
}

/// The model: networks with their optimisers, and the latest losses. It keeps nothing else that a later step depends on: what
/// is not in a network or its optimiser is not in a checkpoint either. (CycleGAN's pools show how to add to the state.)
struct TemplateModel<D: ImageDevice> {
    channels: [usize; 2],
    squared: bool,
    seed: u64,
    g: Trained<D, Stack>,
    device: D,
    extents: LatestExtents,
    // Still on the device: reading it would make a GPU wait.
    loss: Option<Scalar<D>>,
}

impl<D: ImageDevice> TemplateModel<D> {
    fn step(&mut self, input: Images4<D>, target: Images4<D>, seed: u64) -> Result<Scalar<D>, OpError> {
        let squared = self.squared;
        // `descend` lends the optimiser's gradient buffers to a tape, runs the loss backwards and collects them.
        let loss = self.g.descend(|grads, net, tensors| {
            // Batch norm takes the batch's statistics; dropout, if there were any, would be drawn from the seed.
            let mut pass = Pass::new(tensors, Statistics::Train, true, seed);
            let output = net.forward(input.traced(grads), &mut pass)?;
            if squared {
                mse_loss(output, &target, 1.0)
            } else {
                l1_loss(output, &target, 1.0)
            }
        })?;
        // Adam, with the gradients collected since the last update.
        self.g.update()?;
        Ok(loss)
    }
}

// Which networks make up the state: names of tensors in checkpoints are `G.…` and `optim.G.…`.
impl<D: ImageDevice> Networks for TemplateModel<D> {
    type Device = D;

    const PLUGIN: &'static str = "template";

    fn parts(&self) -> Vec<Part<'_, D>> {
        vec![self.g.part("G")]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_, D>> {
        vec![self.g.part_mut("G")]
    }
}

impl<D: ImageDevice> Training for TemplateModel<D> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        // Memory of the last step is used again, unless sizes have changed.
        self.extents.note(&self.device, &batch.a)?;
        let [inp, out] = self.channels;
        let input = upload(&self.device, &batch.a, inp, "input")?;
        let target = match batch.b.n {
            0 => input.clone(),
            _ => upload(&self.device, &batch.b, out, "target")?,
        };
        // Every random draw comes from a seed, a stream's name and the step: a resumed run draws the same.
        let seed = stream_seed(self.seed, "step/G", step);
        // `enter` runs the work where the device's kernels start fastest.
        self.loss = Some(D::enter(|| self.step(input, target, seed)).map_err(op)?);
        Ok(())
    }

    // A loss that is not finite ends the run as diverged, with its name, step and value.
    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        self.loss.iter().map(|loss| Ok(("G", value(loss)?))).collect()
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        self.g.translate(input, self.channels, mode)
    }
}

#[cfg(test)]
mod tests;
