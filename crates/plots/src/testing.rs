//! Runs for tests.

use std::collections::BTreeMap;

use diptych_domain::{MetricKey, MetricSummary, ParamValue, RunId, RunStatus, RunSummary, SweepCell};

use crate::kinds::{Curve, Loaded, Request};
use crate::series::{Along, Raw, Reduced};
use crate::spec::FigureSpec;

/// A finished run of a pix2pix experiment with a seed and a number of discriminator layers.
pub fn run(i: usize, name: &str, seed: u64, layers: i64) -> RunSummary {
    let mut spec: diptych_domain::ExperimentSpec =
        serde_json::from_str(r#"{"model": "pix2pix", "name": "facades"}"#).unwrap();
    spec.seed = seed;
    spec.params.insert("n_layers".into(), ParamValue::Int(layers));
    spec.params.insert(
        "norm".into(),
        ParamValue::Text(if layers > 2 { "batch" } else { "instance" }.into()),
    );
    spec.optim.lr = 1e-4 * layers as f64;
    spec.optim.epochs = 10;
    spec.optim.decay_epochs = 10;
    RunSummary {
        id: RunId::from_stored(format!("01a2144800000000000000000000{i:04x}")),
        name: name.to_owned(),
        status: RunStatus::Finished,
        message: None,
        model: "pix2pix".into(),
        tags: vec!["t".into()],
        note: String::new(),
        created: 1_764_000_000.0 + 1000.0 * i as f64,
        updated: 1_764_000_900.0 + 1000.0 * i as f64,
        epoch: 20,
        step: 800,
        total_steps: 800,
        device: "cpu".into(),
        code_version: "0.1.0 (abc)".into(),
        data_fingerprint: Some("6fd41bfdca2f1d4e".into()),
        archived: false,
        parent: None,
        spec,
        cells: vec![SweepCell {
            sweep: "s".into(),
            factors: vec![
                ("params.n_layers".into(), ParamValue::Int(layers)),
                ("seed".into(), ParamValue::Int(seed as i64)),
            ],
        }],
        metrics: BTreeMap::from([
            (
                MetricKey::eval("l1"),
                summary(0.30 - 0.03 * layers as f64 + 0.007 * seed as f64),
            ),
            (
                MetricKey::eval("psnr"),
                summary(12.0 + layers as f64 - 0.21 * seed as f64),
            ),
            (MetricKey::loss("G_GAN"), summary(1.0)),
            (MetricKey::loss("D_real"), summary(0.4)),
            (MetricKey::new("health/D_accuracy"), summary(0.7)),
            (MetricKey::new("health/grad_G"), summary(12.0)),
        ]),
    }
}

fn summary(value: f64) -> MetricSummary {
    MetricSummary {
        last: value,
        min: value * 0.9,
        max: value * 1.1,
        best: value * 0.95,
        step: 800,
        count: 20,
    }
}

/// Three settings of three seeds each.
pub fn runs() -> Vec<RunSummary> {
    let mut all = Vec::new();
    for layers in [1, 3, 5] {
        for seed in 1..=3 {
            all.push(run(all.len(), &format!("n{layers}-seed{seed}"), seed, layers));
        }
    }
    all
}

/// A curve of `points` points that falls, with something of its own for each run and metric.
pub fn raw(run: usize, key: &MetricKey, points: u64) -> Raw {
    let every = 800 / points.clamp(1, 800);
    let steps: Vec<u64> = (1..=points).map(|i| i * every.max(1)).collect();
    let own = run as f64 * 0.13 + key.as_str().len() as f64 * 0.37;
    let value = |s: &u64| {
        2.0 * (-(*s as f64) / 300.0).exp() + 0.1 * (*s as f64 / 40.0 + own).sin() + 0.5 + 0.05 * own
    };
    Raw {
        values: steps.iter().map(value).collect(),
        epochs: steps.iter().map(|s| 1 + s / 41).collect(),
        walls: steps
            .iter()
            .map(|s| 1_764_000_000.0 + 1000.0 * run as f64 + *s as f64 * 0.9)
            .collect(),
        steps,
    }
}

/// What was asked for, from [`raw`].
pub fn loaded(spec: &FigureSpec, runs: &[RunSummary], requests: &[Request], points: u64) -> Loaded {
    let curve = |r: &Request| {
        let (raw, along) = (raw(r.run, &r.key, points), Along::of(spec.x, &runs[r.run]));
        Curve {
            run: r.run,
            key: r.key.clone(),
            plain: Reduced::of(&raw, &along, 0.0),
            smooth: r.smooth.then(|| Reduced::of(&raw, &along, spec.smoothing)),
        }
    };
    Loaded {
        curves: requests.iter().map(curve).collect(),
        alarms: Vec::new(),
    }
}
