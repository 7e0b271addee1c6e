//! A tiny model for tests: a line per channel, fitted by Adam, whose course depends on everything that a resumed run must
//! restore: weights, moments, the step's random stream, the rate and the order of the data.

use diptych_domain::params::{ParamDecl, ParamKind, ParamValue, Params};
use diptych_domain::spec::{ExperimentSpec, Layout};
use diptych_domain::{ImagePair, Images, NamedTensor, TensorData, TensorInfo};
use diptych_models::{BenchRequest, BuildContext, InferMode, Model, ModelError, Plugin};

/// The plugin; its parameters make it misbehave on request.
pub(crate) struct Fake;

/// The model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// weight per channel, bias per channel, then both of Adam's moments for those.
    pub values: [Vec<f32>; 4],
    pub steps: i64,
    pub lr: f64,
    loss: f64,
    seed: u64,
    /// The loss is NaN from this step on (0: never).
    nan_at: u64,
    /// Only rates above this many millionths make it NaN.
    nan_above: u64,
    /// Outputs are grey from the first of these steps up to the second (0 and 0: never).
    collapse: [u64; 2],
    /// The weights turn infinite in this step without a sign in the loss (0: never).
    blow_at: u64,
    /// The step panics half way through its update (0: never).
    panic_at: u64,
    /// Sizes must be multiples of this.
    multiple: usize,
    /// The receptive field that it claims.
    field: Option<usize>,
}

const NAMES: [&str; 4] = ["G.model.weight", "G.model.bias", "optim.G.m", "optim.G.v"];

fn int(name: &'static str, default: i64) -> ParamDecl {
    ParamDecl {
        name,
        kind: ParamKind::Int {
            min: 0,
            max: i64::MAX,
        },
        default: ParamValue::Int(default),
        doc: "for tests",
    }
}

impl Plugin for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }
    fn summary(&self) -> &'static str {
        "a line per channel"
    }
    fn params(&self) -> Vec<ParamDecl> {
        vec![
            int("nan_at", 0),
            int("nan_above", 0),
            int("collapse_from", 0),
            int("collapse_to", 0),
            int("blow_at", 0),
            int("panic_at", 0),
            int("multiple", 1),
        ]
    }
    fn layouts(&self) -> &'static [Layout] {
        &[Layout::Aligned]
    }
    fn losses(&self, _: &Params) -> Vec<&'static str> {
        vec!["L1", "twice"]
    }
    fn networks(&self, _: &Params) -> Vec<&'static str> {
        vec!["G"]
    }
    fn bench_params(&self, _: &BenchRequest) -> Result<Vec<(&'static str, ParamValue)>, ModelError> {
        Ok(Vec::new())
    }
    fn validate(&self, _: &ExperimentSpec) -> Result<(), ModelError> {
        Ok(())
    }
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Model>, ModelError> {
        let get = |key: &str, default: u64| match context.spec.params.get(key) {
            Some(ParamValue::Int(v)) => u64::try_from(*v).unwrap_or(default),
            _ => default,
        };
        let c = context.spec.data.channels().0;
        Ok(Box::new(Line {
            values: [vec![0.1; c], vec![0.0; c], vec![0.0; 2 * c], vec![0.0; 2 * c]],
            steps: 0,
            lr: 0.0,
            loss: 0.0,
            seed: context.spec.seed,
            nan_at: get("nan_at", 0),
            nan_above: get("nan_above", 0),
            collapse: [get("collapse_from", 0), get("collapse_to", 0)],
            blow_at: get("blow_at", 0),
            panic_at: get("panic_at", 0),
            multiple: usize::try_from(get("multiple", 1)).unwrap_or(1).max(1),
            field: None,
        }))
    }
}

/// A number in [0, 1) from a counter.
fn noise(seed: u64) -> f32 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
}

impl Line {
    pub fn new(channels: usize) -> Self {
        Self {
            values: [
                vec![0.1; channels],
                vec![0.2; channels],
                vec![0.3; 2 * channels],
                vec![0.4; 2 * channels],
            ],
            steps: 5,
            lr: 0.0,
            loss: 0.0,
            seed: 1,
            nan_at: 0,
            nan_above: 0,
            collapse: [0; 2],
            blow_at: 0,
            panic_at: 0,
            multiple: 1,
            field: None,
        }
    }

    pub fn field(mut self, field: usize) -> Self {
        self.field = Some(field);
        self
    }

    pub fn multiple(mut self, multiple: usize) -> Self {
        self.multiple = multiple;
        self
    }

    fn check(&self, input: &Images) -> Result<(), ModelError> {
        if input.c != self.values[0].len() {
            return Err(ModelError::Input(format!("{} channels", input.c)));
        }
        if !input.h.is_multiple_of(self.multiple) || !input.w.is_multiple_of(self.multiple) {
            return Err(ModelError::Input(format!("{}x{} does not fit", input.w, input.h)));
        }
        Ok(())
    }
}

impl Model for Line {
    fn train_step(&mut self, batch: &ImagePair, step: u64) -> Result<(), ModelError> {
        self.check(&batch.a)?;
        let c = self.values[0].len();
        let pixels = batch.a.h * batch.a.w;
        let mut grads = vec![0.0f32; 2 * c];
        let mut loss = 0.0;
        for (i, (a, b)) in batch.a.data.iter().zip(&batch.b.data).enumerate() {
            let k = (i / pixels) % c;
            let error = self.values[0][k] * a + self.values[1][k] - b;
            grads[k] += error.signum() * a;
            grads[c + k] += error.signum();
            loss += f64::from(error.abs());
        }
        let n = batch.a.data.len() as f32;
        for (j, g) in grads.iter().enumerate() {
            let g = g / n + 0.01 * (noise(self.seed ^ (step << 8) ^ j as u64) - 0.5);
            self.values[2][j] = 0.5 * self.values[2][j] + 0.5 * g;
            self.values[3][j] = 0.999 * self.values[3][j] + 0.001 * g * g;
            let change = self.lr as f32 * self.values[2][j] / (self.values[3][j].sqrt() + 1e-8);
            self.values[j / c][j % c] -= change;
            assert!(self.panic_at != step, "stumbled over value {j}");
        }
        self.steps += 1;
        self.loss = loss / f64::from(n);
        if self.nan_at != 0 && step >= self.nan_at && self.lr * 1e6 > self.nan_above as f64 {
            self.loss = f64::NAN;
        }
        if self.blow_at == step {
            self.values[0][0] = f32::INFINITY;
        }
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<(&'static str, f64)>, ModelError> {
        Ok(vec![("L1", self.loss), ("twice", 2.0 * self.loss)])
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn infer(&mut self, input: &Images, _: InferMode) -> Result<Images, ModelError> {
        self.check(input)?;
        let mut out = input.clone();
        let steps = self.steps.unsigned_abs();
        if (self.collapse[0]..self.collapse[1]).contains(&steps) {
            out.data.fill(0.1);
            return Ok(out);
        }
        let pixels = input.h * input.w;
        for (i, v) in out.data.iter_mut().enumerate() {
            let k = (i / pixels) % input.c;
            *v = (self.values[0][k] * *v + self.values[1][k]).clamp(-1.0, 1.0);
        }
        Ok(out)
    }

    fn receptive_field(&self) -> Option<usize> {
        self.field
    }

    fn state(&self) -> Vec<TensorInfo> {
        let mut state: Vec<TensorInfo> = NAMES
            .iter()
            .zip(&self.values)
            .map(|(name, values)| TensorInfo {
                name: (*name).to_owned(),
                shape: vec![values.len()],
                integer: false,
            })
            .collect();
        state.insert(
            1,
            TensorInfo {
                name: "G.model.steps".into(),
                shape: Vec::new(),
                integer: true,
            },
        );
        state
    }

    fn read_state(&self, name: &str) -> Result<NamedTensor, ModelError> {
        let (shape, data) = match NAMES.iter().position(|n| *n == name) {
            Some(i) => (
                vec![self.values[i].len()],
                TensorData::F32(self.values[i].clone()),
            ),
            None if name == "G.model.steps" => (Vec::new(), TensorData::I64(vec![self.steps])),
            None => return Err(ModelError::Weights(format!("no tensor {name}"))),
        };
        Ok(NamedTensor {
            name: name.to_owned(),
            shape,
            data,
        })
    }

    fn write_state(&mut self, tensor: &NamedTensor) -> Result<(), ModelError> {
        match (NAMES.iter().position(|n| *n == tensor.name), &tensor.data) {
            (Some(i), TensorData::F32(v)) if v.len() == self.values[i].len() => self.values[i].clone_from(v),
            (None, TensorData::I64(v)) if tensor.name == "G.model.steps" && v.len() == 1 => self.steps = v[0],
            _ => return Err(ModelError::Weights(format!("{} does not fit", tensor.name))),
        }
        Ok(())
    }

    fn weights(&self, network: &str) -> Result<Vec<NamedTensor>, ModelError> {
        let prefix = format!("{network}.");
        self.state()
            .iter()
            .filter_map(|info| Some((info, info.name.strip_prefix(&prefix)?)))
            .map(|(info, name)| {
                let mut tensor = self.read_state(&info.name)?;
                tensor.name = name.to_owned();
                Ok(tensor)
            })
            .collect()
    }

    fn set_weights(&mut self, network: &str, tensors: &[NamedTensor]) -> Result<(), ModelError> {
        for tensor in tensors {
            let mut tensor = tensor.clone();
            tensor.name = format!("{network}.{}", tensor.name);
            self.write_state(&tensor)?;
        }
        Ok(())
    }

    fn parameter_counts(&self) -> Vec<(&'static str, usize)> {
        vec![("G", 2 * self.values[0].len())]
    }
}
