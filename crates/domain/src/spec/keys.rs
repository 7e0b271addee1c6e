//! Every key of an experiment file outside `[params]`: what it takes, and how it is read and written.
//!
//! Files, `--set`, queries and listings all go through this table, so a key added here works everywhere.

use crate::params::ParamValue;
use crate::size::Size;

use super::{Direction, ExperimentSpec, Layout, OnDivergence, Policy};

/// What values a key takes. Ranges are inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyKind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Pixels a side of a square, or width and height; each in the range. A value that is not square is the text `256x128`.
    Size {
        /// Smallest.
        min: u32,
        /// Largest.
        max: u32,
    },
    /// A finite number above zero.
    Positive,
    /// A number from 0 up to, but not including, 1.
    Fraction,
    /// One of some words.
    Choice(&'static [&'static str]),
}

impl KeyKind {
    /// What would be valid, in words.
    pub fn expected(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Bool => "true or false".into(),
            Self::Int { min, max: i64::MAX } => format!("a whole number, {min} or more"),
            Self::Int { min, max } => format!("a whole number from {min} to {max}"),
            Self::Size { min, max } => {
                format!("a whole number from {min} to {max}, or [width, height] such as [256, 128]")
            }
            Self::Positive => "a number above 0".into(),
            Self::Fraction => "a number from 0 up to, but not including, 1".into(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    fn accepts(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Self::Text, ParamValue::Text(_)) | (Self::Bool, ParamValue::Bool(_)) => true,
            (Self::Int { min, max }, ParamValue::Int(v)) => (min..=max).contains(&v),
            (Self::Size { min, max }, value) => size(value)
                .is_some_and(|s| [s.width, s.height].iter().all(|side| (min..=max).contains(&side))),
            (Self::Positive, ParamValue::Float(v)) => v.is_finite() && *v > 0.0,
            (Self::Positive, ParamValue::Int(v)) => *v > 0,
            (Self::Fraction, ParamValue::Float(v)) => (0.0..1.0).contains(v),
            (Self::Fraction, ParamValue::Int(v)) => *v == 0,
            (Self::Choice(words), ParamValue::Text(v)) => words.contains(&v.as_str()),
            _ => false,
        }
    }
}

/// One key of an experiment file.
pub struct SpecKey {
    /// The dotted key, such as `data.crop_size`.
    pub key: &'static str,
    /// What it takes.
    pub kind: KeyKind,
    read: fn(&ExperimentSpec) -> ParamValue,
    write: fn(&mut ExperimentSpec, &ParamValue) -> bool,
}

impl SpecKey {
    /// The value in a spec.
    pub fn get(&self, spec: &ExperimentSpec) -> ParamValue {
        (self.read)(spec)
    }

    /// Writes `value` where it fits; false, and nothing changed, where it does not.
    pub fn set(&self, spec: &mut ExperimentSpec, value: &ParamValue) -> bool {
        self.kind.accepts(value) && (self.write)(spec, value)
    }
}

/// The key of that name.
pub fn find(key: &str) -> Option<&'static SpecKey> {
    KEYS.iter().find(|k| k.key == key)
}

/// The value of any dotted key of a spec, those of `[params]` included.
pub fn value(spec: &ExperimentSpec, key: &str) -> Option<ParamValue> {
    match key.strip_prefix("params.") {
        Some(name) => spec.params.get(name).cloned(),
        None => find(key).map(|k| k.get(spec)),
    }
}

/// A field of the spec as a [`ParamValue`].
trait Slot {
    fn read(&self) -> ParamValue;
    fn write(&mut self, value: &ParamValue) -> bool;
}

/// A size as a value: a whole number where it is square, else the text `256x128`, which queries and listings can name.
pub fn size_value(size: Size) -> ParamValue {
    if size.is_square() {
        ParamValue::Int(size.width.into())
    } else {
        ParamValue::Text(size.to_string())
    }
}

fn size(value: &ParamValue) -> Option<Size> {
    match value {
        ParamValue::Int(side) => u32::try_from(*side).ok().map(Size::square),
        ParamValue::Text(text) if text.contains('x') => Size::parse(text),
        _ => None,
    }
}

impl Slot for Size {
    fn read(&self) -> ParamValue {
        size_value(*self)
    }

    fn write(&mut self, value: &ParamValue) -> bool {
        store(self, size(value))
    }
}

/// Stores `value` if there is one; whether there was.
fn store<T>(slot: &mut T, value: Option<T>) -> bool {
    value.map(|v| *slot = v).is_some()
}

impl Slot for bool {
    fn read(&self) -> ParamValue {
        ParamValue::Bool(*self)
    }

    fn write(&mut self, value: &ParamValue) -> bool {
        let given = match value {
            ParamValue::Bool(v) => Some(*v),
            _ => None,
        };
        store(self, given)
    }
}

impl Slot for f64 {
    fn read(&self) -> ParamValue {
        ParamValue::Float(*self)
    }

    fn write(&mut self, value: &ParamValue) -> bool {
        let given = match value {
            ParamValue::Float(v) => Some(*v),
            ParamValue::Int(v) => Some(*v as f64),
            _ => None,
        };
        store(self, given)
    }
}

macro_rules! whole_number_slot {
    ($($type:ty),+) => {$(
        impl Slot for $type {
            fn read(&self) -> ParamValue {
                ParamValue::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }

            fn write(&mut self, value: &ParamValue) -> bool {
                let given = match value {
                    ParamValue::Int(v) => (*v).try_into().ok(),
                    _ => None,
                };
                store(self, given)
            }
        }
    )+};
}
whole_number_slot!(u32, u64);

impl Slot for String {
    fn read(&self) -> ParamValue {
        ParamValue::Text(self.clone())
    }

    fn write(&mut self, value: &ParamValue) -> bool {
        let given = match value {
            ParamValue::Text(v) => Some(v.clone()),
            _ => None,
        };
        store(self, given)
    }
}

impl Slot for Option<String> {
    fn read(&self) -> ParamValue {
        ParamValue::Text(self.clone().unwrap_or_default())
    }

    fn write(&mut self, value: &ParamValue) -> bool {
        let given = match value {
            ParamValue::Text(v) => Some(Some(v.clone()).filter(|v| !v.is_empty())),
            _ => None,
        };
        store(self, given)
    }
}

macro_rules! choice_slot {
    ($type:ty, $words:ident, $($word:literal => $variant:path),+ $(,)?) => {
        const $words: &[&str] = &[$($word),+];

        impl Slot for $type {
            fn read(&self) -> ParamValue {
                ParamValue::Text(match self { $($variant => $word),+ }.to_owned())
            }

            fn write(&mut self, value: &ParamValue) -> bool {
                let ParamValue::Text(word) = value else { return false };
                let given = match word.as_str() {
                    $($word => Some($variant),)+
                    _ => None,
                };
                store(self, given)
            }
        }
    };
}
choice_slot!(Layout, LAYOUTS, "aligned" => Self::Aligned, "unaligned" => Self::Unaligned, "single" => Self::Single);
choice_slot!(Direction, DIRECTIONS, "a-to-b" => Self::AToB, "b-to-a" => Self::BToA);
choice_slot!(Policy, POLICIES, "linear" => Self::Linear, "step" => Self::Step, "plateau" => Self::Plateau, "cosine" => Self::Cosine);
choice_slot!(OnDivergence, ON_DIVERGENCE, "stop" => Self::Stop, "rollback" => Self::Rollback);

macro_rules! keys {
    ($($key:literal: $($field:ident).+ => $kind:expr;)+) => {
        /// Every key outside `[params]`, in the order of the file.
        pub static KEYS: &[SpecKey] = &[$(SpecKey {
            key: $key,
            kind: $kind,
            read: |spec| spec.$($field).+.read(),
            write: |spec, value| spec.$($field).+.write(value),
        }),+];
    };
}

const COUNT: KeyKind = int(0, u32::MAX as i64);
const SIZE: KeyKind = KeyKind::Size { min: 1, max: 16_384 };
const CHANNELS: KeyKind = int(1, 4);

const fn int(min: i64, max: i64) -> KeyKind {
    KeyKind::Int { min, max }
}

keys! {
    "model": model => KeyKind::Text;
    "name": name => KeyKind::Text;
    "seed": seed => int(0, i64::MAX);
    "data.root": data.root => KeyKind::Text;
    "data.layout": data.layout => KeyKind::Choice(LAYOUTS);
    "data.direction": data.direction => KeyKind::Choice(DIRECTIONS);
    "data.load_size": data.load_size => SIZE;
    "data.crop_size": data.crop_size => SIZE;
    "data.flip": data.flip => KeyKind::Bool;
    "data.batch_size": data.batch_size => int(1, 65_536);
    "data.channels_a": data.channels_a => CHANNELS;
    "data.channels_b": data.channels_b => CHANNELS;
    "data.max_images": data.max_images => COUNT;
    "data.workers": data.workers => int(0, 1024);
    "data.palette": data.palette => KeyKind::Text;
    "optim.lr": optim.lr => KeyKind::Positive;
    "optim.beta1": optim.beta1 => KeyKind::Fraction;
    "optim.beta2": optim.beta2 => KeyKind::Fraction;
    "optim.policy": optim.policy => KeyKind::Choice(POLICIES);
    "optim.epochs": optim.epochs => COUNT;
    "optim.decay_epochs": optim.decay_epochs => COUNT;
    "optim.on_divergence": optim.on_divergence => KeyKind::Choice(ON_DIVERGENCE);
    "log.every": log.every => int(1, u32::MAX as i64);
    "log.images_every": log.images_every => COUNT;
    "log.probes": log.probes => int(0, 1024);
    "log.checkpoint_every": log.checkpoint_every => COUNT;
    "log.evaluate_every": log.evaluate_every => COUNT;
    "log.keep_every": log.keep_every => COUNT;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards the table against fields that are added to the structs and forgotten here.
    #[test]
    fn the_table_covers_every_field_of_the_spec() {
        let spec: ExperimentSpec = serde_json::from_str(r#"{"model": "m"}"#).unwrap();
        let json = serde_json::to_value(&spec).unwrap();
        let mut fields = Vec::new();
        for (key, value) in json.as_object().unwrap() {
            match value.as_object() {
                Some(_) if key == "params" => {}
                Some(table) => fields.extend(table.keys().map(|k| format!("{key}.{k}"))),
                None => fields.push(key.clone()),
            }
        }
        fields.sort();
        let mut keys: Vec<&str> = KEYS.iter().map(|k| k.key).collect();
        keys.sort_unstable();
        assert_eq!(fields, keys);
    }

    #[test]
    fn every_default_is_accepted_by_its_own_key() {
        let mut spec: ExperimentSpec = serde_json::from_str(r#"{"model": "m", "name": "n"}"#).unwrap();
        let before = spec.clone();
        for key in KEYS {
            let value = key.get(&spec);
            assert!(key.set(&mut spec, &value), "{} = {value}", key.key);
        }
        assert_eq!(spec, before);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut spec: ExperimentSpec = serde_json::from_str(r#"{"model": "m"}"#).unwrap();
        let before = spec.clone();
        for (key, value) in [
            ("optim.beta1", ParamValue::Float(1.0)),
            ("optim.lr", ParamValue::Float(f64::NAN)),
            ("data.channels_a", ParamValue::Int(5)),
            ("data.layout", ParamValue::Text("pairs".into())),
            ("seed", ParamValue::Int(-1)),
        ] {
            assert!(!find(key).unwrap().set(&mut spec, &value), "{key} = {value}");
        }
        assert_eq!(spec, before);
    }
}
