//! What a checkpoint says about itself beside its tensors.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::plateau::Plateau;

/// The value of the `format` key.
pub(super) const FORMAT: &str = "diptych-checkpoint";
/// The newest version of the format that this build reads, and the one it writes.
pub(super) const VERSION: u32 = 1;

/// The state of a run beside its tensors. In the file each field is a text in the safetensors metadata, floats in
/// the shortest form that reads back to the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointMeta {
    /// The plugin.
    pub model: String,
    /// The resolved experiment as canonical JSON.
    pub spec: String,
    /// The seed of every random stream.
    pub seed: u64,
    /// Steps done.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// Steps of one epoch.
    pub steps_per_epoch: u64,
    /// Epochs whose closing work (evaluation, best, plateau) is done: `epoch`, or one less where a stop came in between.
    pub closed_epochs: u64,
    /// The best evaluation so far.
    pub best: Option<f64>,
    /// The plateau policy's state.
    pub plateau: Plateau,
    /// How often the run went back to a checkpoint.
    pub rollbacks: u32,
    /// Where the alarms about the run's health stand; empty before the first.
    pub alarms: String,
    /// The networks whose tensors start with `<network>.`.
    pub networks: Vec<String>,
}

impl CheckpointMeta {
    pub(super) fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        let mut put = |key: &str, value: String| map.insert(key.to_owned(), value);
        put("format", FORMAT.to_owned());
        put("version", VERSION.to_string());
        put("model", self.model.clone());
        put("spec", self.spec.clone());
        put("seed", self.seed.to_string());
        put("step", self.step.to_string());
        put("epoch", self.epoch.to_string());
        put("steps_per_epoch", self.steps_per_epoch.to_string());
        put("closed_epochs", self.closed_epochs.to_string());
        if let Some(best) = self.best {
            put("best", format!("{best:?}"));
        }
        put("plateau_drops", self.plateau.drops.to_string());
        put("plateau_best", format!("{:?}", self.plateau.best));
        put("plateau_waited", self.plateau.waited.to_string());
        put("rollbacks", self.rollbacks.to_string());
        put("alarms", self.alarms.clone());
        put("networks", self.networks.join(","));
        map
    }

    /// Reads the fields back; the error says which one is missing or malformed.
    pub(super) fn from_map(map: &BTreeMap<String, String>) -> Result<Self, String> {
        Ok(Self {
            model: text(map, "model")?.to_owned(),
            spec: text(map, "spec")?.to_owned(),
            seed: value(map, "seed")?,
            step: value(map, "step")?,
            epoch: value(map, "epoch")?,
            steps_per_epoch: value(map, "steps_per_epoch")?,
            closed_epochs: value(map, "closed_epochs")?,
            best: map.get("best").map(|_| value(map, "best")).transpose()?,
            plateau: Plateau {
                drops: value(map, "plateau_drops")?,
                best: value(map, "plateau_best")?,
                waited: value(map, "plateau_waited")?,
            },
            // Earlier builds wrote neither.
            rollbacks: map.get("rollbacks").map_or(Ok(0), |_| value(map, "rollbacks"))?,
            alarms: map.get("alarms").cloned().unwrap_or_default(),
            networks: text(map, "networks")?
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

fn text<'a>(map: &'a BTreeMap<String, String>, key: &str) -> Result<&'a str, String> {
    map.get(key)
        .map(String::as_str)
        .ok_or_else(|| format!("its header has no `{key}`"))
}

fn value<T: FromStr>(map: &BTreeMap<String, String>, key: &str) -> Result<T, String> {
    let text = text(map, key)?;
    text.parse()
        .map_err(|_| format!("its header has `{key}` = `{text}`, which is not a number of that kind"))
}

#[cfg(test)]
pub(crate) fn example() -> CheckpointMeta {
    CheckpointMeta {
        model: "fake".into(),
        spec: r#"{"model":"fake","name":"say \"blake3\":\"0\""}"#.into(),
        seed: u64::MAX,
        step: 12,
        epoch: 3,
        steps_per_epoch: 4,
        closed_epochs: 3,
        best: Some(0.1 + 0.2),
        plateau: Plateau::default(),
        rollbacks: 2,
        alarms: "health/diversity 0.05 1200".into(),
        networks: vec!["G".into(), "D".into()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_to_the_same_bits() {
        let mut meta = example();
        assert_eq!(CheckpointMeta::from_map(&meta.to_map()), Ok(meta.clone()));
        meta.best = None;
        meta.networks.clear();
        assert_eq!(CheckpointMeta::from_map(&meta.to_map()), Ok(meta));
    }

    #[test]
    fn missing_and_malformed_fields_are_named() {
        let mut map = example().to_map();
        map.insert("step".into(), "-1".into());
        assert!(
            CheckpointMeta::from_map(&map)
                .unwrap_err()
                .contains("`step` = `-1`")
        );
        map.remove("step");
        assert!(CheckpointMeta::from_map(&map).unwrap_err().contains("no `step`"));
    }
}
