//! What evaluations measure: outputs against targets where there are any, else sets against sets.

use std::path::Path;
use std::sync::Arc;

use diptych_data::palette::{self, Palette};
use diptych_data::{Dataset, Side};
use diptych_domain::spec::Layout;
use diptych_domain::{ExperimentSpec, LogLevel, MetricKey};
use diptych_models::{InferMode, Model, Plugin};

use super::{Sink, log};
use crate::control::Control;
use crate::error::RunnerError;
use crate::evaluate::{evaluate, evaluate_set};

/// The held-out images with how to judge by them.
pub(super) enum Judge {
    /// Each output has its target.
    Pairs {
        val: Arc<Dataset>,
        palette: Option<Palette>,
    },
    /// Nothing has a counterpart; `back` where the model translates both ways.
    Sets { val: Arc<Dataset>, back: bool },
}

/// The outcome of an evaluation.
pub(super) struct Verdict {
    pub values: Vec<(MetricKey, f64)>,
    /// What the best checkpoint and the plateau policy go by; less is better.
    pub score: f64,
}

impl Judge {
    /// How to judge by `val`; `None` where there is nothing to compare with.
    pub fn new(
        plugin: &dyn Plugin,
        spec: &ExperimentSpec,
        train: &Dataset,
        val: Arc<Dataset>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Self>, RunnerError> {
        Ok(match spec.data.layout {
            Layout::Aligned => Some(Self::Pairs {
                val,
                palette: classes(spec, train, sink)?,
            }),
            Layout::Unaligned => Some(Self::Sets {
                val,
                back: plugin.reverse_generator().is_some(),
            }),
            Layout::Single => None,
        })
    }

    /// The metric that [`Verdict::score`] is.
    pub fn watched(&self) -> &'static str {
        match self {
            Self::Pairs { .. } => "eval/l1",
            Self::Sets { back: false, .. } => "eval/swd",
            Self::Sets { back: true, .. } => "the mean of eval/swd_A and eval/swd_B",
        }
    }

    /// Judges the model as it is; `None` where a stop comes in between.
    pub fn judge(&self, model: &mut dyn Model, control: &Control) -> Result<Option<Verdict>, RunnerError> {
        let mode = InferMode::Paper;
        match self {
            Self::Pairs { val, palette } => {
                let report = evaluate(model, val, mode, palette.as_ref(), control)?;
                Ok(report.map(|report| Verdict {
                    values: keyed(report.mean.values(), ""),
                    score: report.mean.l1,
                }))
            }
            Self::Sets { val, back } => {
                let mut infer = |image: &_| model.infer(image, mode);
                let Some(forth) = evaluate_set(&mut infer, val, Side::Input, control)? else {
                    return Ok(None);
                };
                let mut values = keyed(forth.values(), if *back { "_A" } else { "" });
                let mut distances = vec![forth.swd];
                if *back {
                    let mut infer = |image: &_| Ok(model.infer_back(image, mode)?.unwrap_or_default());
                    let Some(back) = evaluate_set(&mut infer, val, Side::Target, control)? else {
                        return Ok(None);
                    };
                    values.extend(keyed(back.values(), "_B"));
                    distances.push(back.swd);
                }
                let known: Vec<f64> = distances.into_iter().flatten().collect();
                Ok(Some(Verdict {
                    values,
                    score: known.iter().sum::<f64>() / known.len() as f64,
                }))
            }
        }
    }
}

fn keyed(values: Vec<(&'static str, f64)>, suffix: &str) -> Vec<(MetricKey, f64)> {
    let key = |name| MetricKey::eval(&format!("{name}{suffix}"));
    values
        .into_iter()
        .map(|(name, value)| (key(name), value))
        .collect()
}

/// The classes of the targets, where these are label maps.
fn classes(
    spec: &ExperimentSpec,
    train: &Dataset,
    sink: &mut Sink<'_>,
) -> Result<Option<Palette>, RunnerError> {
    let data = &spec.data;
    let asked = Some(Path::new(&data.palette)).filter(|p| !p.as_os_str().is_empty());
    let Some(found) = palette::find(Path::new(&data.root), asked, train)? else {
        return Ok(None);
    };
    let origin = found
        .file
        .as_ref()
        .map_or("their own colours".to_owned(), |f| f.display().to_string());
    if found.fits() {
        let n = found.palette.classes().len();
        let message = format!("the targets are label maps of {n} classes, by {origin}");
        log(sink, LogLevel::Info, message);
        return Ok(Some(found.palette));
    }
    // A palette that lies in the folder is meant for one direction only.
    let level = if asked.is_some() {
        LogLevel::Warn
    } else {
        LogLevel::Info
    };
    let message = format!(
        "{:.0} % of the targets' pixels are near a colour of {origin}: they are not its label maps, and classes are not scored",
        100.0 * found.coverage
    );
    log(sink, level, message);
    Ok(None)
}
