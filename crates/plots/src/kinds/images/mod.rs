//! Grids of probes' images: rows input, output, target and columns runs; or a filmstrip over steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use diptych_domain::{RunSummary, suggest};

use super::common::{capital, counted, listed, within_limit};
use crate::error::FigureError;
use crate::figure::{Body, Figure, ImageGrid, Picture};
use crate::spec::{Arrange, FigureSpec, Kind};

/// Steps of a filmstrip that is not told which.
const FRAMES: usize = 8;
/// Images in a figure at most.
const MOST: usize = 400;

/// An image that a run has.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// The run, by its place in the list of runs.
    pub run: usize,
    /// The step it shows.
    pub step: u64,
    /// What it shows: `input`, `output`, `target`, ...
    pub role: String,
    /// The probe.
    pub probe: u32,
    /// Where the probe's input came from.
    pub caption: String,
}

/// Which images stand where: places in the list of shots.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What stands above the columns.
    pub columns: Vec<String>,
    /// What stands beside the rows.
    pub rows: Vec<String>,
    /// Row by row; nothing where there is no such image.
    pub cells: Vec<Vec<Option<usize>>>,
    /// What was left out.
    pub notes: Vec<String>,
    /// What is shown, in a sentence.
    pub caption: String,
    /// How many runs.
    pub runs: usize,
}

/// Roles in the order of rows: what goes in, what comes out, what should.
fn rank(role: &str) -> (u8, &str) {
    let place = match role {
        "input" | "real_A" => 0,
        "target" => 9,
        "output" | "fake_B" => 1,
        "rec_A" => 2,
        "real_B" => 4,
        "fake_A" => 5,
        "rec_B" => 6,
        _ => 7,
    };
    (place, role)
}

/// Whether an image is the same at every step.
fn is_fixed(role: &str) -> bool {
    matches!(role, "input" | "target" | "real_A" | "real_B")
}

/// Chooses images and places them.
///
/// # Errors
/// Roles or probes that the runs do not have, or no images.
pub fn grid(spec: &FigureSpec, runs: &[RunSummary], shots: &[Shot]) -> Result<Grid, FigureError> {
    spec.check()?;
    if shots.is_empty() {
        let names: Vec<&str> = runs.iter().map(|r| r.name.as_str()).collect();
        return Err(FigureError::Empty {
            why: format!("{} have no images (log.images_every, log.probes)", listed(&names)),
        });
    }
    let mut roles: Vec<&str> = shots
        .iter()
        .map(|s| s.role.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    roles.sort_by_key(|r| rank(r));
    let roles: Vec<String> = if spec.roles.is_empty() {
        roles.into_iter().map(str::to_owned).collect()
    } else {
        if let Some(unknown) = spec.roles.iter().find(|r| !roles.contains(&r.as_str())) {
            return Err(FigureError::Unknown {
                key: "role",
                text: unknown.clone(),
                problem: format!(
                    "the runs have {}{}",
                    listed(&roles),
                    suggest::hint(unknown, roles.iter().copied())
                ),
            });
        }
        spec.roles.clone()
    };
    let known: BTreeSet<u32> = shots.iter().map(|s| s.probe).collect();
    let probes: Vec<u32> = if spec.probes.is_empty() {
        known.first().copied().into_iter().collect()
    } else {
        if let Some(unknown) = spec.probes.iter().find(|p| !known.contains(p)) {
            return Err(FigureError::Unknown {
                key: "probe",
                text: unknown.to_string(),
                problem: format!(
                    "the runs have {}",
                    listed(&known.iter().map(u32::to_string).collect::<Vec<_>>())
                ),
            });
        }
        spec.probes.clone()
    };
    let with: Vec<usize> = (0..runs.len())
        .filter(|r| shots.iter().any(|s| s.run == *r))
        .collect();
    let mut notes = Vec::new();
    if with.len() < runs.len() {
        let without: Vec<&str> = (0..runs.len())
            .filter(|r| !with.contains(r))
            .map(|r| runs[r].name.as_str())
            .collect();
        notes.push(format!("Without images: {}", listed(&without)));
    }
    let lister = Lister {
        spec,
        runs,
        shots,
        roles,
        probes,
    };
    let mut grid = match spec.arrange {
        Arrange::Runs => lister.by_runs(&with),
        Arrange::Steps => lister.film(&with),
    };
    notes.append(&mut grid.notes);
    // Rows in which nothing is there.
    let mut keep = grid
        .cells
        .iter()
        .map(|row| row.iter().any(Option::is_some))
        .collect::<Vec<_>>()
        .into_iter();
    grid.rows.retain(|_| keep.next().unwrap_or(false));
    grid.cells.retain(|row| row.iter().any(Option::is_some));
    if grid.cells.is_empty() {
        return Err(FigureError::Empty {
            why: "the runs have none of these images".into(),
        });
    }
    let most_rows = (MOST / grid.columns.len().max(1)).max(1);
    if grid.rows.len() > most_rows {
        notes.push(format!(
            "The first {most_rows} of {} rows are shown",
            grid.rows.len()
        ));
        grid.rows.truncate(most_rows);
        grid.cells.truncate(most_rows);
    }
    grid.notes = notes;
    Ok(grid)
}

struct Lister<'a> {
    spec: &'a FigureSpec,
    runs: &'a [RunSummary],
    shots: &'a [Shot],
    roles: Vec<String>,
    probes: Vec<u32>,
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

    fn row_label(&self, probe: u32, role: &str) -> String {
        if self.probes.len() > 1 {
            format!("{role} {probe}")
        } else {
            role.to_owned()
        }
    }

    fn by_runs(&self, with: &[usize]) -> Grid {
        let (n, left_out) = within_limit(with.len(), self.spec.limit.min(24), "runs with images");
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
                columns.push((*run, *step, format!("{}{at}", self.runs[*run].name)));
            }
        }
        let (mut rows, mut cells) = (Vec::new(), Vec::new());
        for probe in &self.probes {
            for role in &self.roles {
                rows.push(self.row_label(*probe, role));
                cells.push(
                    columns
                        .iter()
                        .map(|(run, step, _)| self.find(*run, role, *probe, *step))
                        .collect(),
                );
            }
        }
        let names: Vec<String> = with.iter().map(|r| self.runs[*r].name.clone()).collect();
        let when = match self.spec.steps.as_slice() {
            [] => "their last images".to_owned(),
            steps => format!(
                "images of steps {}",
                listed(&steps.iter().map(u64::to_string).collect::<Vec<_>>())
            ),
        };
        Grid {
            columns: columns.into_iter().map(|c| c.2).collect(),
            rows,
            cells,
            notes: left_out.into_iter().chain(self.without()).collect(),
            caption: format!("{} of {}.", capital(&when), listed(&names)),
            runs: n,
        }
    }

    fn film(&self, with: &[usize]) -> Grid {
        let (n, left_out) = within_limit(with.len(), self.spec.limit.min(24), "runs with images");
        let with = &with[..n];
        let made: BTreeSet<u64> = self
            .shots
            .iter()
            .filter(|s| with.contains(&s.run) && !is_fixed(&s.role) && self.roles.contains(&s.role))
            .map(|s| s.step)
            .collect();
        let steps: Vec<u64> = if self.spec.steps.is_empty() {
            spaced(&made.into_iter().collect::<Vec<_>>(), FRAMES)
        } else {
            self.spec.steps.clone()
        };
        let fixed = |role: &&String| is_fixed(role);
        let (before, after): (Vec<&String>, Vec<&String>) =
            self.roles.iter().filter(fixed).partition(|r| rank(r).0 == 0);
        let moving: Vec<&String> = self.roles.iter().filter(|r| !is_fixed(r)).collect();
        let mut columns: Vec<String> = before.iter().map(|r| (*r).clone()).collect();
        columns.extend(steps.iter().map(|s| format!("step {s}")));
        columns.extend(after.iter().map(|r| (*r).clone()));
        let (mut rows, mut cells) = (Vec::new(), Vec::new());
        for probe in &self.probes {
            for run in with {
                for role in &moving {
                    let mut label = if with.len() > 1 {
                        self.runs[*run].name.clone()
                    } else {
                        String::new()
                    };
                    if moving.len() > 1 || label.is_empty() {
                        label = format!("{label} {role}").trim().to_owned();
                    }
                    if self.probes.len() > 1 {
                        label += &format!(" {probe}");
                    }
                    rows.push(label);
                    let still = |roles: &[&String]| -> Vec<Option<usize>> {
                        roles
                            .iter()
                            .map(|r| self.find(*run, r, *probe, u64::MAX))
                            .collect()
                    };
                    let mut row = still(&before);
                    row.extend(steps.iter().map(|s| self.at(*run, role, *probe, *s)));
                    row.extend(still(&after));
                    cells.push(row);
                }
            }
        }
        let names: Vec<String> = with.iter().map(|r| self.runs[*r].name.clone()).collect();
        Grid {
            columns,
            rows,
            cells,
            notes: left_out.into_iter().chain(self.without()).collect(),
            caption: format!(
                "{} along {} of training.",
                listed(&names),
                counted(steps.len(), "step")
            ),
            runs: n,
        }
    }
}

/// Up to `count` of `all`, evenly spaced, the first and the last among them.
pub fn spaced(all: &[u64], count: usize) -> Vec<u64> {
    if all.len() <= count {
        return all.to_vec();
    }
    (0..count)
        .map(|i| all[i * (all.len() - 1) / (count - 1).max(1)])
        .collect()
}

/// The content of an image file, with its size in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// PNG or JPEG.
    pub data: Arc<[u8]>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The figure of a grid whose images have been read: `content` by places in the list of shots.
///
/// # Errors
/// Where an image cannot be read.
pub fn figure(
    spec: &FigureSpec,
    runs: &[RunSummary],
    shots: &[Shot],
    grid: Grid,
    mut content: impl FnMut(usize) -> Result<Content, FigureError>,
) -> Result<Figure, FigureError> {
    let mut cells = Vec::with_capacity(grid.cells.len());
    for row in grid.cells {
        let mut out = Vec::with_capacity(row.len());
        for cell in row {
            out.push(match cell {
                None => None,
                Some(i) => {
                    let (shot, Content { data, width, height }) = (&shots[i], content(i)?);
                    let alt = format!(
                        "{} of {} by {} at step {}",
                        shot.role, shot.caption, runs[shot.run].name, shot.step
                    );
                    Some(Picture {
                        alt,
                        data,
                        width,
                        height,
                    })
                }
            });
        }
        cells.push(out);
    }
    Ok(Figure {
        kind: Kind::Images,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or(grid.caption),
        body: Body::Images(ImageGrid {
            columns: grid.columns,
            rows: grid.rows,
            cells,
        }),
        legend: Vec::new(),
        notes: grid.notes,
        runs: grid.runs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spaced_evenly_with_both_ends() {
        let all: Vec<u64> = (0..=100).collect();
        assert_eq!(spaced(&all, 5), [0, 25, 50, 75, 100]);
        assert_eq!(spaced(&[3, 4], 5), [3, 4]);
        assert_eq!(spaced(&[1, 2, 3], 1), [1]);
    }
}
