//! An encoder-decoder for pairs that is trained without a discriminator: by L1, and by the L1 difference of the images'
//! horizontal and vertical gradients, which punishes blur (Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean
//! square error", section 3.3).
//!
//! `crates/models/src/plugins/template` says line by line what each method is for.

use diptych::plugin::*;

/// The declaration.
pub struct Sharp;

impl Plugin for Sharp {
    fn name(&self) -> &'static str {
        "sharp"
    }

    fn summary(&self) -> &'static str {
        "paired translation with L1 on pixels and on their gradients"
    }

    fn params(&self) -> Vec<ParamDecl> {
        vec![
            decls::decl(
                "depth",
                ParamKind::Int { min: 2, max: 8 },
                ParamValue::Int(5),
                "how often the image is halved",
            ),
            decls::decl(
                "ngf",
                ParamKind::Int { min: 1, max: 1024 },
                ParamValue::Int(64),
                "channels after the first layer",
            ),
            decls::norm("batch"),
            decls::upsampling(),
            decls::weight(
                "lambda_edges",
                1.0,
                "weight of the gradients' difference; 0 leaves L1 alone",
            ),
        ]
    }

    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned]
    }

    fn losses(&self, _params: &Params) -> Vec<&'static str> {
        vec!["L1", "edges"]
    }

    fn networks(&self, _params: &Params) -> Vec<&'static str> {
        vec!["G"]
    }

    fn bench_params(&self, request: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        Ok(vec![("ngf", ParamValue::Int(request.width.into()))])
    }

    fn validate(&self, spec: &ExperimentSpec) -> Result<(), ModelError> {
        if spec.data.layout != Layout::Aligned {
            return Err(setting(
                "data.layout",
                "other than aligned",
                "it trains on pairs: use \"aligned\"",
            ));
        }
        let multiple = 1 << Values(&resolve(self, spec)?).count("depth")?;
        let crop = spec.data.crop_size;
        let fits = |side: u32| side > 0 && side.is_multiple_of(multiple);
        if !(fits(crop.width) && fits(crop.height)) {
            let problem = format!("params.depth halvings need a multiple of {multiple}");
            return Err(setting("data.crop_size", crop, problem));
        }
        Ok(())
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        let spec = &context.spec;
        self.validate(spec)?;
        let params = resolve(self, spec)?;
        let values = Values(&params);
        let (inp, out) = spec.data.channels();
        let config = UNetConfig {
            inp,
            out,
            downs: values.count("depth")?,
            ngf: values.count("ngf")?,
            norm: match values.word("norm")? {
                "batch" => Norm::Batch,
                "instance" => Norm::Instance,
                _ => Norm::None,
            },
            dropout: UNetDropout::Off,
            upscale: match values.word("upsampling")? {
                "nearest" => Upscale::Resize(Upsampling::Nearest),
                "bilinear" => Upscale::Resize(Upsampling::Bilinear),
                _ => Upscale::Transposed,
            },
            skips: false,
        };
        let build = Build {
            channels: [inp, out],
            config,
            lambda_edges: values.number("lambda_edges")? as f32,
            start: Start::new(Init::Normal, 0.02, &spec.optim),
            seed: spec.seed,
        };
        on_device(context.device, build)
    }
}

/// A model to be built.
struct Build {
    channels: [usize; 2],
    config: UNetConfig,
    lambda_edges: f32,
    start: Start,
    seed: u64,
}

impl OnDevice for Build {
    fn on<D: ImageDevice>(self, device: D) -> Result<Box<dyn Model>, ModelError> {
        let g = Trained::new(&device, self.start, "G", self.seed, |tensors| {
            UNet::new(tensors, self.config).map(Generator::UNet)
        })?;
        Ok(Box::new(Assembled(SharpModel {
            channels: self.channels,
            lambda_edges: self.lambda_edges,
            seed: self.seed,
            g,
            differences: differences(&device, self.channels[1]).map_err(op)?,
            device,
            extents: LatestExtents::default(),
            losses: None,
        })))
    }
}

/// A convolution's weight that gives each channel's difference to its right and to its lower neighbour.
fn differences<D: ImageDevice>(device: &D, channels: usize) -> Result<Filter<D>, OpError> {
    let mut values = vec![0.0; 2 * channels * channels * 9];
    for c in 0..channels {
        // 3x3 windows row by row: the centre is at 4, its right neighbour at 5, its lower one at 7.
        for (direction, neighbour) in [(0, 5), (1, 7)] {
            let window = &mut values[((2 * c + direction) * channels + c) * 9..][..9];
            (window[4], window[neighbour]) = (-1.0, 1.0);
        }
    }
    Filter::from_public(device, [2 * channels, channels, 3, 3], &values)
}

struct SharpModel<D: ImageDevice> {
    channels: [usize; 2],
    lambda_edges: f32,
    seed: u64,
    g: Trained<D, Generator>,
    differences: Filter<D>,
    device: D,
    extents: LatestExtents,
    losses: Option<[Scalar<D>; 2]>,
}

impl<D: ImageDevice> SharpModel<D> {
    fn step(&mut self, a: Images4<D>, b: Images4<D>, seed: u64) -> Result<[Scalar<D>; 2], OpError> {
        // The filter is fixed: it collects no gradient.
        let fixed = ConvConfig {
            weight_grad: false,
            ..ConvConfig::new(1, 0)
        };
        let (differences, weight) = (&self.differences, self.lambda_edges);
        let edges_of_b = conv2d(b.clone(), differences, None, fixed)?;
        let mut parts = None;
        self.g.descend(|grads, net, tensors| {
            let mut pass = Pass::new(tensors, Statistics::Train, true, seed);
            let fake = net.forward(a.traced(grads), &mut pass)?;
            // A second handle on the same images: both losses' gradients meet in them.
            let again = fake.with_empty_tape();
            let edges = l1_loss(conv2d(fake, differences, None, fixed)?, &edges_of_b, weight)?;
            let l1 = l1_loss(again, &b, 1.0)?;
            parts = Some([l1.retaped(), edges.retaped()]);
            add_losses(edges, l1)
        })?;
        self.g.update()?;
        Ok(parts.expect("`descend` calls its closure"))
    }
}

impl<D: ImageDevice> Networks for SharpModel<D> {
    type Device = D;

    const PLUGIN: &'static str = "sharp";

    fn parts(&self) -> Vec<Part<'_, D>> {
        vec![self.g.part("G")]
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_, D>> {
        vec![self.g.part_mut("G")]
    }
}

impl<D: ImageDevice> Training for SharpModel<D> {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.extents.note(&self.device, &batch.a)?;
        let a = upload(&self.device, &batch.a, self.channels[0], "input")?;
        let b = upload(&self.device, &batch.b, self.channels[1], "target")?;
        let seed = stream_seed(self.seed, "step/G", step);
        self.losses = Some(D::enter(|| self.step(a, b, seed)).map_err(op)?);
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        let Some([l1, edges]) = &self.losses else {
            return Ok(Vec::new());
        };
        Ok(vec![("L1", value(l1)?), ("edges", value(edges)?)])
    }

    fn infer(&mut self, input: &Images, mode: InferMode) -> Result<Images, ModelError> {
        self.g.translate(input, self.channels, mode)
    }
}
