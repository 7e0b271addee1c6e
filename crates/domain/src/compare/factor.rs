//! What runs are grouped by.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use crate::params::ParamValue;
use crate::query::{Field, FieldValue};
use crate::spec::keys::KEYS;
use crate::suggest;
use crate::summary::RunSummary;

/// Something of a run that runs are grouped by.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// A field of the query language that is no metric: `params.n_layers`, `seed`, `model`, `tag`, `status`, ...
    Field(Field),
    /// The experiment's name, the `name` of its file.
    Experiment,
    /// The code version.
    Code,
    /// The data set's fingerprint.
    Data,
    /// The rest of the run's tag that starts with `KEY=` or `KEY:`.
    Tagged(String),
}

/// A factor's value in one run. Numbers come in their order, before words.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// The run has none.
    Missing,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A word, or tags with commas between.
    Text(String),
}

const OWN: [(&str, Factor); 3] = [
    ("experiment", Factor::Experiment),
    ("code", Factor::Code),
    ("data", Factor::Data),
];
const PREFIX: &str = "tag.";

impl Factor {
    /// The factor of that name among those that `runs` have.
    ///
    /// # Errors
    /// The problem, with the nearest factor.
    pub fn parse(text: &str, runs: &[RunSummary]) -> Result<Self, String> {
        if let Some((_, factor)) = OWN.iter().find(|(name, _)| *name == text) {
            return Ok(factor.clone());
        }
        let has_tag = |key: &str| runs.iter().any(|r| tagged(r, key).is_some());
        if let Some(key) = text.strip_prefix(PREFIX) {
            if has_tag(key) || runs.is_empty() {
                return Ok(Self::Tagged(key.to_owned()));
            }
            return Err(format!("no run has a tag that starts with `{key}=` or `{key}:`"));
        }
        let names = known(runs);
        match Field::parse(text) {
            Ok(Field::Metric(..) | Field::Created | Field::Updated) => Err(format!(
                "runs cannot be grouped by `{text}`, which is different in every run"
            )),
            Ok(Field::Spec(key))
                if key.starts_with("params.") && !runs.is_empty() && !names.contains(&key) =>
            {
                let hint = suggest::hint(&key, names.iter().map(String::as_str));
                Err(format!("none of the runs has `{key}`{hint}"))
            }
            Ok(field @ Field::Factor(_))
                if !runs.is_empty() && !runs.iter().any(|r| field.value(r).is_some()) =>
            {
                let hint = suggest::hint(text, names.iter().map(String::as_str));
                Err(format!("none of the runs has `{text}`{hint}"))
            }
            Ok(field) => Ok(Self::Field(field)),
            Err(_) if has_tag(text) => Ok(Self::Tagged(text.to_owned())),
            Err(_) => {
                if let Some(factor) = of_sweep(text, runs) {
                    return Ok(factor);
                }
                let last_part = |name: &&String| name.rsplit('.').next() == Some(text);
                let hint = match names.iter().find(last_part) {
                    Some(name) => format!(" (did you mean `{name}`?)"),
                    None => {
                        let cells = runs.iter().flat_map(|r| &r.cells);
                        let of_sweeps = cells.flat_map(|c| c.factors.iter().map(|(name, _)| name.as_str()));
                        suggest::hint(text, names.iter().map(String::as_str).chain(of_sweeps))
                    }
                };
                Err(format!(
                    "unknown factor `{text}`{hint}: expected a key of the experiment such as params.n_layers or seed, model, \
                     tag, tag.KEY, experiment, name, status, device, code or data"
                ))
            }
        }
    }

    /// Its value in a run.
    pub fn level(&self, run: &RunSummary) -> Level {
        match self {
            Self::Field(field) => field.value(run).map_or(Level::Missing, Level::from),
            Self::Experiment => Level::text(run.spec.name.as_deref()),
            Self::Code => Level::text(Some(run.code_version.as_str()).filter(|c| !c.is_empty())),
            Self::Data => Level::text(run.data_fingerprint.as_deref()),
            Self::Tagged(key) => Level::text(tagged(run, key)),
        }
    }

    /// Whether it is a name for settings, rather than one of them.
    pub(super) fn is_name(&self) -> bool {
        !matches!(
            self,
            Self::Field(Field::Spec(_) | Field::Model | Field::Status | Field::Device)
                | Self::Code
                | Self::Data
        )
    }

    /// Whether its levels may be the variants of a sweep's file.
    pub(super) fn has_variants(&self) -> bool {
        matches!(self, Self::Field(Field::Factor(_)))
    }

    /// Whether it fixes the experiment's key `key`.
    pub(super) fn covers(&self, key: &str) -> bool {
        match self {
            Self::Field(Field::Spec(own)) => own == key,
            Self::Field(Field::Model) => key == "model",
            _ => false,
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Tagged(key) => write!(f, "{PREFIX}{key}"),
            own => f.write_str(OWN.iter().find(|(_, o)| o == own).map_or("", |(name, _)| name)),
        }
    }
}

/// The names that `--by` takes for these runs.
fn known(runs: &[RunSummary]) -> BTreeSet<String> {
    let params = runs
        .iter()
        .flat_map(|r| r.spec.params.keys().map(|name| format!("params.{name}")));
    let factors = runs
        .iter()
        .flat_map(|r| &r.cells)
        .flat_map(|c| c.factors.iter().map(|(name, _)| format!("sweep.{name}")));
    KEYS.iter()
        .map(|k| k.key.to_owned())
        .chain(factors)
        .chain(["model", "tag", "status", "device", "experiment", "code", "data"].map(str::to_owned))
        .chain(params)
        .collect()
}

/// A factor of a sweep, where the query language knows it and a run has it.
fn of_sweep(name: &str, runs: &[RunSummary]) -> Option<Factor> {
    let field = Field::parse(&format!("sweep.{name}")).ok()?;
    runs.iter()
        .any(|r| field.value(r).is_some())
        .then_some(Factor::Field(field))
}

fn tagged<'r>(run: &'r RunSummary, key: &str) -> Option<&'r str> {
    run.tags.iter().find_map(|tag| {
        let (own, value) = tag.split_once(['=', ':'])?;
        (own == key).then_some(value)
    })
}

impl Level {
    fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Missing, |v| Self::Text(v.to_owned()))
    }

    /// The level as its JSON value would be: nothing, a flag, a number, a text.
    pub fn param(&self) -> Option<ParamValue> {
        Some(match self {
            Self::Missing => return None,
            Self::Bool(v) => ParamValue::Bool(*v),
            Self::Number(v) if v.fract() == 0.0 && v.abs() < 1e15 => ParamValue::Int(*v as i64),
            Self::Number(v) => ParamValue::Float(*v),
            Self::Text(v) => ParamValue::Text(v.clone()),
        })
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
        }
    }
}

impl From<FieldValue> for Level {
    fn from(value: FieldValue) -> Self {
        match value {
            FieldValue::Number(v) => Self::Number(v),
            FieldValue::Bool(v) => Self::Bool(v),
            FieldValue::Text(v) => Self::Text(v),
            FieldValue::List(v) if v.is_empty() => Self::Missing,
            FieldValue::List(v) => Self::Text(v.join(", ")),
        }
    }
}

impl Eq for Level {}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            // Variants may be called by numbers: a patch of 16 pixels comes before one of 142.
            (Self::Text(a), Self::Text(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(x), Ok(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("-"),
            Self::Bool(v) => v.fmt(f),
            Self::Number(v) => v.fmt(f),
            Self::Text(v) => v.fmt(f),
        }
    }
}
