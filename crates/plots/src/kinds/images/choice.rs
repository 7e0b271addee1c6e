//! Which runs' images are shown, what they are called, and whether they may share an input.

use std::collections::BTreeSet;

use diptych_domain::RunSummary;
use diptych_domain::spec::Direction;

use super::super::common::{factors, groups, listed};
use super::Shot;
use crate::error::FigureError;
use crate::spec::FigureSpec;

/// The runs that are shown, in order.
pub(super) struct Chosen {
    /// By their places.
    pub runs: Vec<usize>,
    /// What each run of the figure is called, by its place.
    pub names: Vec<String>,
    /// What was left out.
    pub left_out: Option<String>,
}

/// All that have images; where runs are grouped, the one of the lowest seed of each group, called by its levels.
pub(super) fn chosen(
    spec: &FigureSpec,
    runs: &[RunSummary],
    has_images: impl Fn(usize) -> bool,
) -> Result<Chosen, FigureError> {
    let mut names: Vec<String> = runs.iter().map(|r| r.name.clone()).collect();
    let groups = groups(&factors(spec, runs)?, runs);
    if groups.is_empty() {
        return Ok(Chosen {
            runs: (0..runs.len()).filter(|r| has_images(*r)).collect(),
            names,
            left_out: None,
        });
    }
    let (mut shown, mut several) = (Vec::new(), false);
    for group in groups {
        let members: Vec<usize> = group.runs.into_iter().filter(|r| has_images(*r)).collect();
        several |= members.len() > 1;
        if let Some(first) = members.into_iter().min_by_key(|r| (runs[*r].spec.seed, *r)) {
            names[first] = group.label;
            shown.push(first);
        }
    }
    let seeds: BTreeSet<u64> = shown.iter().map(|r| runs[*r].spec.seed).collect();
    let left_out = several.then(|| match (seeds.first(), seeds.len()) {
        (Some(seed), 1) => format!("Of each group the run of seed {seed} is shown"),
        _ => {
            let names: Vec<&str> = shown.iter().map(|r| runs[*r].name.as_str()).collect();
            format!(
                "Of each group the run of the lowest seed is shown: {}",
                listed(&names)
            )
        }
    });
    Ok(Chosen {
        runs: shown,
        names,
        left_out,
    })
}

/// Refuses runs whose probes are not the same images the same way round: one input and one target could not stand for all.
pub(super) fn same_inputs(
    runs: &[RunSummary],
    with: &[usize],
    shots: &[Shot],
    probes: &[u32],
) -> Result<(), FigureError> {
    for probe in probes {
        let mut first: Option<(usize, BTreeSet<&str>)> = None;
        for run in with {
            let of = shots.iter().filter(|s| s.run == *run && s.probe == *probe);
            let captions: BTreeSet<&str> = of.map(|s| s.caption.as_str()).collect();
            if captions.is_empty() {
                continue;
            }
            let Some((other, theirs)) = &first else {
                first = Some((*run, captions));
                continue;
            };
            let (a, b) = (&runs[*other], &runs[*run]);
            let turned = a.spec.data.direction != b.spec.data.direction;
            if captions != *theirs || turned {
                let what = |captions: &BTreeSet<&str>, run: &RunSummary| {
                    let names: Vec<&str> = captions.iter().copied().collect();
                    let way = match run.spec.data.direction {
                        Direction::AToB => "a-to-b",
                        Direction::BToA => "b-to-a",
                    };
                    format!("{} ({way}) in {}", listed(&names), run.name)
                };
                return Err(FigureError::Unknown {
                    key: "arrange",
                    text: "table".into(),
                    problem: format!(
                        "the runs share no input: probe {probe} is {} and {}; take runs of the same images, or arrange = \"runs\"",
                        what(theirs, a),
                        what(&captions, b)
                    ),
                });
            }
        }
    }
    Ok(())
}
