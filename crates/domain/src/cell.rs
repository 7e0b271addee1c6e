//! Cells of sweeps: one combination of factors' values, and the run that stands for it.

use serde::{Deserialize, Serialize};

use crate::params::ParamValue;
use crate::status::RunStatus;

/// One factor's value in a cell: the dotted key, or the name of a factor of variants, and the value or the variant's name.
pub type FactorValue = (String, ParamValue);

/// A run's place in a sweep. A run may be a cell of several sweeps: two ablations share their baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepCell {
    /// The sweep's name.
    pub sweep: String,
    /// Its factors, in the order of the sweep's file, each with this cell's value.
    pub factors: Vec<FactorValue>,
}

impl SweepCell {
    /// The cell's value of a factor.
    pub fn value(&self, factor: &str) -> Option<&ParamValue> {
        self.factors.iter().find(|(f, _)| f == factor).map(|(_, v)| v)
    }
}

/// The cell in words: `n_layers=3 seed=1`. Keys go without their table where that leaves them distinct.
pub fn label(factors: &[FactorValue]) -> String {
    let words = factors
        .iter()
        .map(|(factor, value)| format!("{}={value}", short(factor, factors)));
    words.collect::<Vec<_>>().join(" ")
}

/// A factor's name without its table, unless another factor would be called the same.
pub fn short<'a>(factor: &'a str, factors: &[FactorValue]) -> &'a str {
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let name = last(factor);
    let alone = factors
        .iter()
        .all(|(other, _)| other == factor || other.rsplit('.').next() != Some(name));
    if alone { name } else { factor }
}

/// What the run of a cell is called: the sweep's name and the values, such as `losses-L1+cGAN-seed1`.
pub fn run_name(sweep: &str, factors: &[FactorValue]) -> String {
    /// The store takes names of up to 100 characters, and appends a number where one is taken.
    const LONGEST: usize = 90;
    let mut name = sweep.to_owned();
    for (factor, value) in factors {
        name.push('-');
        match value {
            // Words speak for themselves. Of a path its end does.
            ParamValue::Text(text) => name.push_str(text.rsplit(['/', '\\']).next().unwrap_or(text)),
            ParamValue::Bool(true) => name.push_str(short(factor, factors)),
            ParamValue::Bool(false) => name.push_str(&format!("no-{}", short(factor, factors))),
            value => name.push_str(&format!("{}{value}", short(factor, factors))),
        }
    }
    let allowed = |c: char| !c.is_control() && !c.is_whitespace() && c != '/' && c != '\\';
    let name: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches('-');
    let cut = name.chars().count().saturating_sub(LONGEST);
    // The end tells cells apart.
    name.chars()
        .skip(cut)
        .collect::<String>()
        .trim_start_matches('-')
        .to_owned()
}

/// Of several runs of one experiment, each as its status and steps done and newest first: the one that stands for a cell.
///
/// A finished one, else one that is being trained, else the furthest that can be continued, else the newest.
pub fn representative(runs: &[(RunStatus, u64)]) -> Option<usize> {
    let rank = |status| match status {
        RunStatus::Finished => 3,
        RunStatus::Running => 2,
        RunStatus::Queued | RunStatus::Stopped | RunStatus::Crashed => 1,
        RunStatus::Failed | RunStatus::Diverged => 0,
    };
    // Among failed ones the steps say nothing. The later of equals is the older one, and `max_by_key` takes the last.
    let key = |&(status, step): &(RunStatus, u64)| (rank(status), if rank(status) == 1 { step } else { 0 });
    (0..runs.len()).rev().max_by_key(|&i| key(&runs[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_by_their_values() {
        let text = |s: &str| ParamValue::Text(s.into());
        let factors = [
            ("loss".to_owned(), text("L1+cGAN")),
            ("params.n_layers".to_owned(), ParamValue::Int(3)),
            ("data.flip".to_owned(), ParamValue::Bool(false)),
        ];
        assert_eq!(label(&factors), "loss=L1+cGAN n_layers=3 flip=false");
        assert_eq!(run_name("abl", &factors), "abl-L1+cGAN-n_layers3-no-flip");
        let clash = [
            ("params.size".to_owned(), ParamValue::Int(1)),
            ("data.size".to_owned(), ParamValue::Int(2)),
        ];
        assert_eq!(label(&clash), "params.size=1 data.size=2");
        let root = [("data.root".to_owned(), text("sets/my maps"))];
        assert_eq!(run_name("-x", &root), "x-my_maps");
        let long = run_name("s", &[("data.root".to_owned(), text(&"é".repeat(200)))]);
        assert_eq!(long.chars().count(), 90);
    }

    #[test]
    fn a_cell_is_represented_by_its_best_run() {
        use RunStatus::*;
        let of = |runs: &[(RunStatus, u64)]| representative(runs);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(Failed, 9), (Finished, 3), (Running, 2)]), Some(1));
        assert_eq!(of(&[(Stopped, 5), (Running, 2), (Crashed, 7)]), Some(1));
        assert_eq!(of(&[(Stopped, 5), (Crashed, 7), (Diverged, 90)]), Some(1));
        assert_eq!(of(&[(Diverged, 1), (Failed, 90)]), Some(0), "the newest");
        assert_eq!(of(&[(Finished, 9), (Finished, 9)]), Some(0), "the newest");
    }
}
