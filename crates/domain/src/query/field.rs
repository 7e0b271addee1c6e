//! What queries and sort keys can name.

use crate::metric::MetricKey;
use crate::params::ParamValue;
use crate::spec::keys;
use crate::suggest;
use crate::summary::{MetricSummary, RunSummary};

/// A value of a run that queries compare and listings sort by.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// The sortable id.
    Id,
    /// The run's name.
    Name,
    /// Its status.
    Status,
    /// Its plugin.
    Model,
    /// Its tags.
    Tag,
    /// Its note.
    Note,
    /// The device it computes on.
    Device,
    /// Its age.
    Created,
    /// The age of its newest event.
    Updated,
    /// Completed epochs.
    Epoch,
    /// Steps done.
    Step,
    /// A dotted key of its experiment, such as `params.ngf`.
    Spec(String),
    /// Whether it has been archived.
    Archived,
    /// The names of the sweeps that it is a cell of.
    Sweep,
    /// Its value of a sweep's factor: a key of the experiment, or a group of variants such as `loss` in `sweep.loss`.
    Factor(String),
    /// A metric over the run.
    Metric(MetricKey, Aggregate),
}

/// Which value of a metric over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The newest.
    Last,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Smallest or largest, whichever is better.
    Best,
    /// The newest value's step.
    Step,
}

impl Aggregate {
    const ALL: [(&'static str, Self); 5] = [
        ("last", Self::Last),
        ("min", Self::Min),
        ("max", Self::Max),
        ("best", Self::Best),
        ("step", Self::Step),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, a)| *a == self)
            .map_or("last", |(n, _)| n)
    }

    /// That value of a metric's summary.
    pub fn of(self, summary: &MetricSummary) -> f64 {
        match self {
            Self::Last => summary.last,
            Self::Min => summary.min,
            Self::Max => summary.max,
            Self::Best => summary.best,
            Self::Step => summary.step as f64,
        }
    }
}

/// A field's value in one run.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// A number; times are seconds since the Unix epoch.
    Number(f64),
    /// Text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// Several texts.
    List(Vec<String>),
}

impl From<ParamValue> for FieldValue {
    fn from(value: ParamValue) -> Self {
        match value {
            ParamValue::Bool(v) => Self::Bool(v),
            ParamValue::Int(v) => Self::Number(v as f64),
            ParamValue::Float(v) => Self::Number(v),
            ParamValue::Text(v) => Self::Text(v),
        }
    }
}

const PLAIN: [(&str, Field); 13] = [
    ("id", Field::Id),
    ("name", Field::Name),
    ("status", Field::Status),
    ("model", Field::Model),
    ("tag", Field::Tag),
    ("note", Field::Note),
    ("sweep", Field::Sweep),
    ("device", Field::Device),
    ("created", Field::Created),
    ("updated", Field::Updated),
    ("epoch", Field::Epoch),
    ("step", Field::Step),
    ("archived", Field::Archived),
];

impl Field {
    /// The field of that name.
    ///
    /// # Errors
    /// The problem, with the nearest name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, field)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(field.clone());
        }
        if text.contains('/') {
            return Self::metric(text);
        }
        if text.strip_prefix("params.").is_some_and(|name| !name.is_empty()) || keys::find(text).is_some() {
            return Ok(Self::Spec(text.to_owned()));
        }
        if let Some(factor) = text.strip_prefix("sweep.").filter(|name| !name.is_empty()) {
            return Ok(Self::Factor(factor.to_owned()));
        }
        let names = PLAIN
            .iter()
            .map(|(name, _)| *name)
            .chain(keys::KEYS.iter().map(|k| k.key));
        if let Some(near) = suggest::nearest(text, names) {
            return Err(format!("unknown field `{text}` (did you mean `{near}`?)"));
        }
        let by_last_part = keys::KEYS
            .iter()
            .map(|k| k.key)
            .find(|k| k.rsplit('.').next() == Some(text));
        Err(match by_last_part {
            Some(key) => format!("unknown field `{text}` (did you mean `{key}`?)"),
            None => format!(
                "unknown field `{text}`: expected {}, a key of the experiment such as params.n_layers, \
                 or a metric such as eval/psnr.best",
                PLAIN.map(|(name, _)| name).join(", ")
            ),
        })
    }

    fn metric(text: &str) -> Result<Self, String> {
        if let Some((key, suffix)) = text.rsplit_once('.')
            && key.contains('/')
        {
            if let Some((_, of)) = Aggregate::ALL.iter().find(|(name, _)| *name == suffix) {
                return Ok(Self::Metric(MetricKey::new(key), *of));
            }
            if let Some(near) = suggest::nearest(suffix, Aggregate::ALL.map(|(name, _)| name)) {
                return Err(format!("`{key}` has no `.{suffix}` (did you mean `.{near}`?)"));
            }
        }
        Ok(Self::Metric(MetricKey::new(text), Aggregate::Last))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Id
                | Self::Name
                | Self::Status
                | Self::Model
                | Self::Tag
                | Self::Note
                | Self::Device
                | Self::Sweep
        )
    }

    pub(super) fn is_time(&self) -> bool {
        matches!(self, Self::Created | Self::Updated)
    }

    /// The field's value in `run`, where it has one.
    pub fn value(&self, run: &RunSummary) -> Option<FieldValue> {
        use FieldValue::{Bool, List, Number, Text};
        Some(match self {
            Self::Id => Text(run.id.to_string()),
            Self::Name => Text(run.name.clone()),
            Self::Status => Text(run.status.as_str().to_owned()),
            Self::Model => Text(run.model.clone()),
            Self::Tag => List(run.tags.clone()),
            Self::Note => Text(run.note.clone()),
            Self::Device => Text(run.device.clone()),
            Self::Created => Number(run.created),
            Self::Updated => Number(run.updated),
            Self::Epoch => Number(run.epoch as f64),
            Self::Step => Number(run.step as f64),
            Self::Archived => Bool(run.archived),
            Self::Spec(key) => keys::value(&run.spec, key)?.into(),
            Self::Sweep => List(run.cells.iter().map(|c| c.sweep.clone()).collect()),
            Self::Factor(name) => {
                let mut values: Vec<&ParamValue> = run.cells.iter().filter_map(|c| c.value(name)).collect();
                values.dedup();
                match values.as_slice() {
                    [] => return None,
                    [one] => (*one).clone().into(),
                    several => List(several.iter().map(ToString::to_string).collect()),
                }
            }
            Self::Metric(key, of) => Number(of.of(run.metrics.get(key)?)),
        })
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Spec(key) => f.write_str(key),
            Self::Factor(name) => write!(f, "sweep.{name}"),
            Self::Metric(key, of) => write!(f, "{key}.{}", of.name()),
            plain => f.write_str(PLAIN.iter().find(|(_, p)| p == plain).map_or("", |(n, _)| n)),
        }
    }
}
