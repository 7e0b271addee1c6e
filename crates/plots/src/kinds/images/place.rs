//! Which image stands where.

use std::collections::BTreeSet;

use diptych_domain::RunSummary;

use super::super::common::{capital, counted, listed, within_limit};
use super::roles::{by_direction, chain, direction, is_fixed, source};
use super::{Grid, Shot, spaced};
use crate::spec::FigureSpec;

/// Steps of a filmstrip that is not told which.
const FRAMES: usize = 8;
/// Runs beside or below each other at most.
const MOST_RUNS: usize = 24;

pub(super) struct Lister<'a> {
    pub spec: &'a FigureSpec,
    pub runs: &'a [RunSummary],
    /// What the runs are called, by their places.
    pub names: Vec<String>,
    pub shots: &'a [Shot],
    pub roles: Vec<String>,
    pub probes: Vec<u32>,
}

impl Lister<'_> {
    /// The image of a role at the last step up to `until`; one that never changes, whenever it was made.
    fn find(&self, run: usize, role: &str, probe: u32, until: u64) -> Option<usize> {
        self.last(run, role, probe, |step| is_fixed(role) || step <= until)
    }

    /// The image of a role at this very step.
    fn at(&self, run: usize, role: &str, probe: u32, step: u64) -> Option<usize> {
        self.last(run, role, probe, |of| of == step)
    }

    fn last(&self, run: usize, role: &str, probe: u32, takes: impl Fn(u64) -> bool) -> Option<usize> {
        let those = (0..self.shots.len()).filter(|i| {
            let s = &self.shots[*i];
            s.run == run && s.role == role && s.probe == probe && takes(s.step)
        });
        those.max_by_key(|i| self.shots[*i].step)
    }

    /// The step that a run's changing images are of, where `until` is asked for.
    fn shown(&self, run: usize, until: u64) -> Option<u64> {
        let of =
            |s: &&Shot| s.run == run && !is_fixed(&s.role) && self.roles.contains(&s.role) && s.step <= until;
        self.shots.iter().filter(of).map(|s| s.step).max()
    }

    /// Which of the steps that were asked for have no image in any run.
    fn without(&self) -> Option<String> {
        let made: BTreeSet<u64> = self
            .shots
            .iter()
            .filter(|s| !is_fixed(&s.role))
            .map(|s| s.step)
            .collect();
        let missing: Vec<String> = self
            .spec
            .steps
            .iter()
            .filter(|s| !made.contains(s))
            .map(u64::to_string)
            .collect();
        if missing.is_empty() {
            return None;
        }
        let made: Vec<String> = made.iter().map(u64::to_string).collect();
        Some(format!(
            "No image is of step {}: there are {}",
            missing.join(" or "),
            listed(&made)
        ))
    }

    fn roles(&self) -> Vec<(Option<&'static str>, Vec<&str>)> {
        // Roles that were asked for stand in the order in which they were.
        let all: Vec<&str> = self.roles.iter().map(String::as_str).collect();
        if self.spec.roles.is_empty() || all.iter().any(|r| direction(r).is_some()) {
            by_direction(&all)
        } else {
            vec![(None, all)]
        }
    }

    /// What stands above the rows of a probe and a direction.
    fn heading(&self, probe: u32, direction: Option<&str>) -> Option<String> {
        let probe = (self.probes.len() > 1).then(|| format!("probe {probe}"));
        let words: Vec<String> = probe.into_iter().chain(direction.map(str::to_owned)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn names(&self, runs: &[usize]) -> String {
        listed(
            &runs
                .iter()
                .map(|r| self.runs[*r].name.clone())
                .collect::<Vec<_>>(),
        )
    }

    fn when(&self) -> String {
        match self.spec.steps.as_slice() {
            [] => "the last images".to_owned(),
            steps => format!(
                "images of steps {}",
                listed(&steps.iter().map(u64::to_string).collect::<Vec<_>>())
            ),
        }
    }

    /// One run: its probes below each other, what goes in and comes out beside each other.
    pub fn one(&self, run: usize) -> Grid {
        let step = self.spec.steps.first().copied().unwrap_or(u64::MAX);
        let directions = self.roles();
        let columns = directions.iter().map(|(_, roles)| roles.len()).max().unwrap_or(0);
        let (mut rows, mut cells, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        for (direction, roles) in &directions {
            if let Some(direction) = direction {
                headings.push((rows.len(), format!("{direction}: {}", chain(roles))));
            }
            for probe in &self.probes {
                rows.push(format!("probe {probe}"));
                let mut row: Vec<Option<usize>> = roles
                    .iter()
                    .map(|role| self.find(run, role, *probe, step))
                    .collect();
                row.resize(columns, None);
                cells.push(row);
            }
        }
        let titles = match directions.as_slice() {
            [(None, roles)] => roles.iter().map(|r| (*r).to_owned()).collect(),
            // The columns of the directions show different things.
            _ => vec![String::new(); columns],
        };
        let shown = self
            .shown(run, step)
            .map_or(String::new(), |s| format!(", step {s}"));
        Grid {
            columns: titles,
            rows,
            headings,
            cells,
            notes: self.without().into_iter().collect(),
            caption: format!("Images of {}{shown}.", self.runs[run].name),
            runs: 1,
        }
    }

    /// Runs, and where several were asked for steps, beside each other.
    pub fn by_runs(&self, with: &[usize]) -> Grid {
        let (n, left_out) = within_limit(with.len(), self.spec.limit.min(MOST_RUNS), "runs with images");
        let with = &with[..n];
        let steps: Vec<u64> = if self.spec.steps.is_empty() {
            vec![u64::MAX]
        } else {
            self.spec.steps.clone()
        };
        let mut columns = Vec::new();
        for run in with {
            for step in &steps {
                // What is shown, not what was asked for.
                let at = match self.shown(*run, *step) {
                    _ if self.spec.steps.is_empty() => String::new(),
                    Some(shown) => format!(" at {shown}"),
                    None => format!(" before its first image, at {step}"),
                };
                columns.push((*run, *step, format!("{}{at}", self.names[*run])));
            }
        }
        let (mut rows, mut cells, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        for probe in &self.probes {
            for (direction, roles) in self.roles() {
                headings.extend(self.heading(*probe, direction).map(|h| (rows.len(), h)));
                for role in roles {
                    rows.push(role.to_owned());
                    let find = |(run, step, _): &(usize, u64, String)| self.find(*run, role, *probe, *step);
                    cells.push(columns.iter().map(find).collect());
                }
            }
        }
        Grid {
            columns: columns.into_iter().map(|c| c.2).collect(),
            rows,
            headings,
            cells,
            notes: left_out.into_iter().chain(self.without()).collect(),
            caption: format!("{} of {}.", capital(&self.when()), self.names(with)),
            runs: n,
        }
    }

    /// The real image that a role was made from. Beside other models' runs these have their common names.
    fn real(&self, role: &str) -> Option<&'static str> {
        let has = |role: &str| self.roles.iter().any(|r| r == role);
        source(role).map(|real| match real {
            "real_A" if !has(real) => "input",
            "real_B" if !has(real) => "target",
            real => real,
        })
    }

    /// A row a probe: what goes in, what every run makes of it, what should come out. The runs share the first and the last.
    pub fn table(&self, with: &[usize]) -> Grid {
        let (n, left_out) = within_limit(with.len(), self.spec.limit.min(MOST_RUNS), "runs with images");
        let with = &with[..n];
        let until = self.spec.steps.first().copied().unwrap_or(u64::MAX);
        let has = |role: &str| self.roles.iter().any(|r| r == role);
        let before = has("input") || has("real_A") || has("real_B");
        let after = has("target");
        let mut columns: Vec<String> = Vec::new();
        if before {
            columns.push(if has("input") { "input" } else { "real" }.to_owned());
        }
        columns.extend(with.iter().map(|run| self.names[*run].clone()));
        columns.extend(after.then(|| "target".to_owned()));
        let moving: Vec<(Option<&str>, Vec<&str>)> = self
            .roles()
            .into_iter()
            .map(|(direction, roles)| (direction, roles.into_iter().filter(|r| !is_fixed(r)).collect()))
            .filter(|(_, roles): &(_, Vec<&str>)| !roles.is_empty())
            .collect();
        // One row a probe explains itself.
        let plain = matches!(moving.as_slice(), [(None, roles)] if roles.len() == 1);
        let (mut rows, mut cells, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        for probe in &self.probes {
            for (direction, roles) in &moving {
                if !plain {
                    headings.extend(self.heading(*probe, *direction).map(|h| (rows.len(), h)));
                }
                for role in roles {
                    rows.push(if plain { String::new() } else { (*role).to_owned() });
                    // The first run that has it: all have the same.
                    let still = |role: Option<&str>| {
                        let role = role?;
                        with.iter()
                            .find_map(|run| self.find(*run, role, *probe, u64::MAX))
                    };
                    let mut row = Vec::new();
                    if before {
                        row.push(still(self.real(role)));
                    }
                    row.extend(with.iter().map(|run| self.find(*run, role, *probe, until)));
                    if after {
                        row.push(still(Some("target")));
                    }
                    cells.push(row);
                }
            }
        }
        let of: Vec<&str> = self
            .probes
            .iter()
            .filter_map(|probe| Some(self.shots.iter().find(|s| s.probe == *probe)?.caption.as_str()))
            .collect();
        Grid {
            columns,
            rows,
            headings,
            cells,
            notes: left_out.into_iter().chain(self.without()).collect(),
            caption: format!(
                "{} of {}: {}.",
                capital(&self.when()),
                self.names(with),
                listed(&of)
            ),
            runs: n,
        }
    }

    /// Along training: steps beside each other, what goes in before them and what should come out behind.
    pub fn film(&self, with: &[usize]) -> Grid {
        let (n, left_out) = within_limit(with.len(), self.spec.limit.min(MOST_RUNS), "runs with images");
        let with = &with[..n];
        let made: BTreeSet<u64> = self
            .shots
            .iter()
            .filter(|s| with.contains(&s.run) && !is_fixed(&s.role) && self.roles.contains(&s.role))
            .map(|s| s.step)
            .collect();
        let mut notes: Vec<String> = left_out.into_iter().chain(self.without()).collect();
        let steps: Vec<u64> = if self.spec.steps.is_empty() {
            if made.len() > FRAMES {
                notes.push(format!(
                    "{FRAMES} of {} steps are shown (--step names others)",
                    made.len()
                ));
            }
            spaced(&made.into_iter().collect::<Vec<_>>(), FRAMES)
        } else {
            self.spec.steps.clone()
        };
        let has = |role: &str| self.roles.iter().any(|r| r == role);
        let moving = |roles: &[&str]| roles.iter().any(|r| !is_fixed(r));
        let paired = has("input");
        let before = paired || has("real_A") || has("real_B");
        let after = has("target");
        let mut columns: Vec<String> = Vec::new();
        if before {
            columns.push(if paired { "input" } else { "real" }.to_owned());
        }
        columns.extend(steps.iter().map(|s| format!("step {s}")));
        columns.extend(after.then(|| "target".to_owned()));
        let (mut rows, mut cells, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        for probe in &self.probes {
            for (direction, roles) in self.roles().into_iter().filter(|(_, roles)| moving(roles)) {
                let moving: Vec<&str> = roles.into_iter().filter(|r| !is_fixed(r)).collect();
                // A probe of one row has its name beside it.
                let one_row =
                    direction.is_none() && moving.len() == 1 && with.len() == 1 && self.probes.len() > 1;
                if !one_row {
                    headings.extend(self.heading(*probe, direction).map(|h| (rows.len(), h)));
                }
                for run in with {
                    for role in &moving {
                        let mut label = if with.len() > 1 {
                            self.names[*run].clone()
                        } else {
                            String::new()
                        };
                        if one_row {
                            label = format!("probe {probe}");
                        } else if moving.len() > 1 || label.is_empty() {
                            label = format!("{label} {role}").trim().to_owned();
                        }
                        rows.push(label);
                        let still = |role: Option<&str>| self.find(*run, role?, *probe, u64::MAX);
                        let mut row = Vec::new();
                        if before {
                            row.push(still(self.real(role)));
                        }
                        row.extend(steps.iter().map(|s| self.at(*run, role, *probe, *s)));
                        if after {
                            row.push(still(Some("target")));
                        }
                        cells.push(row);
                    }
                }
            }
        }
        Grid {
            columns,
            rows,
            headings,
            cells,
            notes,
            caption: format!(
                "{} along {} of training.",
                self.names(with),
                counted(steps.len(), "step")
            ),
            runs: n,
        }
    }
}
