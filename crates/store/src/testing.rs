//! What the tests of this crate share.

use diptych_domain::spec::ExperimentSpec;
use diptych_domain::{MetricKey, ParamValue, RunEvent, RunId, RunStatus};

use crate::{Home, NewRun, ProcessIdentity, RunWriter};

pub(crate) fn spec() -> ExperimentSpec {
    let mut spec: ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
    spec.params.insert("n_layers".into(), ParamValue::Int(3));
    spec.params.insert("lambda_l1".into(), ParamValue::Float(100.0));
    spec.params.insert("dropout".into(), ParamValue::Bool(true));
    spec.params
        .insert("norm".into(), ParamValue::Text("batch".into()));
    spec
}

pub(crate) async fn home() -> (tempfile::TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(dir.path()).await.unwrap();
    (dir, home)
}

pub(crate) async fn run(home: &Home, name: &str) -> RunId {
    let new = NewRun {
        name: Some(name.into()),
        ..NewRun::new(spec())
    };
    home.create_run(new).await.unwrap().id
}

pub(crate) async fn writer(home: &Home, run: &RunId) -> RunWriter {
    let claim = home.claim(run, &ProcessIdentity::current()).await.unwrap();
    home.writer(claim).unwrap()
}

pub(crate) fn started(step: u64) -> RunEvent {
    RunEvent::Started {
        step,
        epoch: step / 10,
        total_steps: 1000,
        total_epochs: 100,
        wall: 1e9,
    }
}

/// Values of one step, an epoch being ten.
pub(crate) fn values(step: u64, values: &[(&str, f64)]) -> RunEvent {
    RunEvent::Metrics {
        step,
        epoch: step / 10,
        wall: 1e9 + step as f64,
        values: values.iter().map(|(k, v)| (MetricKey::new(*k), *v)).collect(),
    }
}

pub(crate) fn ended(status: RunStatus, step: u64) -> RunEvent {
    RunEvent::Ended {
        status,
        step,
        epoch: step / 10,
        wall: 2e9,
        message: None,
    }
}
