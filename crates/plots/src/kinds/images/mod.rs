//! Grids of probes' images: rows input, output, target and columns runs; a row a probe with what each run makes of it; or a
//! filmstrip over steps.

mod choice;
mod place;
pub mod roles;

use std::collections::BTreeSet;
use std::sync::Arc;

use diptych_domain::{RunSummary, suggest};

use super::common::listed;
use super::relabel::relabel;
use crate::error::FigureError;
use crate::figure::{Body, Figure, ImageGrid, Numbers, Picture};
use crate::spec::{Arrange, FigureSpec, Kind};
use place::Lister;

/// Probes of one run that is not told which.
const PROBES: usize = 4;
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
    /// What stands above a row and those that follow, by the row's place.
    pub headings: Vec<(usize, String)>,
    /// Row by row; nothing where there is no such image.
    pub cells: Vec<Vec<Option<usize>>>,
    /// What was left out.
    pub notes: Vec<String>,
    /// What is shown, in a sentence.
    pub caption: String,
    /// How many runs.
    pub runs: usize,
}

impl Grid {
    /// Keeps some of the rows; headings of rows that go stand above the next, unless that has its own.
    fn keep(&mut self, mut wanted: impl FnMut(&[Option<usize>]) -> bool) {
        let (mut rows, mut cells) = (Vec::new(), Vec::new());
        let mut headings: Vec<(usize, String)> = Vec::new();
        for (i, (name, row)) in std::mem::take(&mut self.rows)
            .into_iter()
            .zip(std::mem::take(&mut self.cells))
            .enumerate()
        {
            for (_, heading) in self.headings.iter().filter(|(at, _)| *at == i) {
                headings.retain(|(at, _)| *at < rows.len());
                headings.push((rows.len(), heading.clone()));
            }
            if wanted(&row) {
                rows.push(name);
                cells.push(row);
            }
        }
        headings.retain(|(at, _)| *at < rows.len());
        (self.rows, self.cells, self.headings) = (rows, cells, headings);
    }
}

/// Chooses images and places them.
///
/// # Errors
/// Roles or probes that the runs do not have, or no images.
pub fn grid(spec: &FigureSpec, runs: &[RunSummary], shots: &[Shot]) -> Result<Grid, FigureError> {
    spec.check()?;
    let mut named = shots.to_vec();
    roles::name(&mut named);
    let shots = named.as_slice();
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
    roles.sort_by_key(|r| roles::rank(r));
    let mut notes = Vec::new();
    let mixed = roles.iter().any(|r| roles::direction(r).is_some()) && roles.contains(&"output");
    if mixed && spec.roles.is_empty() {
        // What only some of the models make would leave holes in the rows.
        let some: Vec<&str> = roles
            .iter()
            .copied()
            .filter(|r| roles::direction(r).is_some())
            .collect();
        notes.push(format!(
            "Only some of the models make {}, so left out (--role names them)",
            listed(&some)
        ));
        roles.retain(|r| roles::direction(r).is_none());
    }
    let roles: Vec<String> = if spec.roles.is_empty() {
        roles.iter().map(|r| (*r).to_owned()).collect()
    } else {
        let mut wanted: Vec<String> = Vec::new();
        for text in &spec.roles {
            let names = [Some(text.as_str()), roles::both_ways(text)];
            let before = wanted.len();
            let found = names.into_iter().flatten().filter(|n| roles.contains(n));
            wanted.extend(found.map(str::to_owned));
            if wanted.len() == before {
                return Err(FigureError::Unknown {
                    key: "role",
                    text: text.clone(),
                    problem: format!(
                        "the runs have {}{}",
                        listed(&roles),
                        suggest::hint(text, roles.iter().copied())
                    ),
                });
            }
        }
        wanted
    };
    let known: BTreeSet<u32> = shots.iter().map(|s| s.probe).collect();
    let has_images = |run: usize| shots.iter().any(|s| s.run == run);
    let choice::Chosen {
        runs: with,
        names,
        left_out,
    } = choice::chosen(spec, runs, has_images)?;
    notes.extend(left_out);
    // Probes of one run stand below each other; of several runs only one probe does, unless more are asked for.
    let alone = with.len() == 1 && spec.arrange == Arrange::Runs && spec.steps.len() < 2;
    let below = alone || spec.arrange == Arrange::Table;
    let both_ways = roles.iter().any(|r| roles::direction(r).is_some());
    let most = match below {
        true if both_ways => PROBES / 2,
        true => PROBES,
        false => 1,
    };
    let probes: Vec<u32> = if spec.probes.is_empty() {
        let shown: Vec<u32> = known.iter().copied().take(most).collect();
        if shown.len() < known.len() {
            notes.push(format!(
                "{} of {} probes {} shown (--probe names others)",
                shown.len(),
                known.len(),
                if shown.len() == 1 { "is" } else { "are" }
            ));
        }
        shown
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
    let without: Vec<&str> = (0..runs.len())
        .filter(|r| !has_images(*r))
        .map(|r| runs[r].name.as_str())
        .collect();
    if !without.is_empty() {
        notes.push(format!("Without images: {}", listed(&without)));
    }
    if spec.arrange == Arrange::Table {
        choice::same_inputs(runs, &with, shots, &probes)?;
    }
    let lister = Lister {
        spec,
        runs,
        names,
        shots,
        roles,
        probes,
    };
    let mut grid = match spec.arrange {
        Arrange::Runs if alone => lister.one(with[0]),
        Arrange::Runs => lister.by_runs(&with),
        Arrange::Steps => lister.film(&with),
        Arrange::Table => lister.table(&with),
    };
    notes.append(&mut grid.notes);
    grid.keep(|row| row.iter().any(Option::is_some));
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
        let mut kept = 0;
        grid.keep(|_| {
            kept += 1;
            kept <= most_rows
        });
    }
    grid.notes = notes;
    Ok(grid)
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
    let mut named = shots.to_vec();
    roles::name(&mut named);
    let shots = named;
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
    let mut figure = Figure {
        kind: Kind::Images,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or(grid.caption),
        body: Body::Images(ImageGrid {
            columns: grid.columns,
            rows: grid.rows,
            headings: grid.headings,
            cells,
        }),
        legend: Vec::new(),
        notes: grid.notes,
        runs: grid.runs,
        numbers: Numbers::default(),
    };
    relabel(&mut figure, &spec.labels)?;
    Ok(figure)
}

#[cfg(test)]
mod tests;
