//! Which picture goes where.

use std::ops::Range;

use diptych_domain::RunSummary;
use ratatui::layout::Rect;

use super::title::{differing_steps, is_crowded, lined, parted, titles};
use super::{Against, Mode, at_step, roles, runs};
use crate::engine::pictures::{Mix, Request, Via};
use crate::state::State;
use crate::widgets::text;

/// Columns of the rows' names.
const LABEL: u16 = 7;
/// Columns of the runs' names, where they are the rows.
const NAME: u16 = 24;
/// Images have no fewer columns than this; further ones have no room.
const NARROWEST: u16 = 12;
/// And no fewer rows.
const LOWEST: u16 = 4;

/// A place for a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Where.
    pub area: Rect,
    /// What is to be drawn there; nothing: there is no such image.
    pub request: Option<Request>,
    /// Whether it is not known yet which images the run has.
    pub unread: bool,
}

/// The grid as it is laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// What stands above the columns, line by line, and where.
    pub names: Vec<(String, Rect)>,
    /// What stands beside each row, and where.
    pub rows: Vec<(String, Rect)>,
    /// The places.
    pub slots: Vec<Slot>,
    /// Which of the runs have room.
    pub shown: Range<usize>,
    /// How many have room on a page.
    pub page: usize,
    /// How many there are.
    pub all: usize,
    /// How many of the roles have room.
    pub roles: usize,
    /// How many there are to show.
    pub all_roles: usize,
}

impl Grid {
    /// Adds a cell. A free column between images; a free row only where there is room for it.
    fn slot(&mut self, state: &State, run: &Column<'_>, role: &str, cell: Rect, several: bool) {
        let gap = u16::from(cell.height > 6 && several);
        let area = Rect {
            width: cell.width.saturating_sub(1),
            height: cell.height - gap,
            ..cell
        };
        self.slots.push(Slot {
            area,
            request: run.request(state, role, area),
            unread: !state.images.lists.contains_key(&run.run.id),
        });
    }
}

/// Where the images are, with the names above them: below the title, above the slider.
pub fn area(state: &State) -> Rect {
    let body = state.body();
    Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(3),
        ..body
    }
}

/// How many columns there are, in how many bands one below the other, and how large a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    /// Columns of a band.
    across: usize,
    /// Bands.
    bands: usize,
    /// Rows of a band.
    down: usize,
    /// Lines of the names above a band.
    head: u16,
    width: u16,
    height: u16,
}

/// Lays the grid out.
pub fn grid(state: &State) -> Grid {
    let area = area(state);
    let all_roles = roles(state);
    let shown_roles: Vec<String> = match state.images.alone.and_then(|at| all_roles.get(at)) {
        Some(role) => vec![role.clone()],
        None => all_roles,
    };
    let all = runs(state);
    if shown_roles.is_empty() || all.is_empty() || area.width <= LABEL || area.height < 2 {
        return Grid::default();
    }
    let runs = columns(state, &all);
    let lay = |runs: &[Column<'_>]| {
        if state.images.options.turned {
            turned(state, area, runs, &shown_roles)
        } else {
            upright(state, area, runs, &shown_roles)
        }
    };
    let whole = lay(&runs);
    let page = whole.page;
    let mut grid = if page < runs.len() {
        // The runs behind those that have room, a page at a time.
        let first = state.images.first.min(runs.len() - 1) / page * page;
        let mut grid = lay(&runs[first..(first + page).min(runs.len())]);
        grid.shown = first..first + grid.page;
        grid
    } else {
        Grid {
            shown: 0..runs.len(),
            ..whole
        }
    };
    (grid.page, grid.all, grid.all_roles) = (page, runs.len(), shown_roles.len());
    grid
}

/// Runs in rows; where there are many, in several bands beside each other.
fn turned(state: &State, area: Rect, runs: &[Column<'_>], roles: &[String]) -> Grid {
    let label = NAME.min(area.width / 4);
    let area = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let (bands, down) = rows_of(state, area, label, runs.len(), roles.len());
    let band = area.width / bands as u16;
    let across = roles.len().min(usize::from(((band - label) / NARROWEST).max(1)));
    let height = (area.height / down as u16).max(1);
    let width = (band - label) / across as u16;
    let width = width.min(natural_width(state, height).max(NARROWEST) + 2);
    // What images leave free is for the names.
    let spare = band.saturating_sub(label + across as u16 * width);
    let longest = runs.iter().map(|c| text::width(&c.run.name)).max();
    let label = (longest.unwrap_or(0) as u16 + 1).clamp(label, label + spare);
    let mut out = Grid {
        page: (bands * down).min(runs.len()),
        roles: across,
        ..Grid::default()
    };
    let titles = titles(state, runs, usize::from(label - 1));
    for (i, (run, title)) in runs.iter().zip(titles).take(bands * down).enumerate() {
        // Bands stand close to each other.
        let left = area.x + (i / down) as u16 * (label + across as u16 * width);
        let y = area.y + (i % down) as u16 * height;
        let x = |c: usize| left + label + c as u16 * width;
        out.rows
            .push((title.lines(), Rect::new(left, y, label - 1, height)));
        for (c, role) in roles.iter().take(across).enumerate() {
            if i % down == 0 {
                let place = Rect::new(x(c), area.y - 1, width.saturating_sub(1), 1);
                out.names.push((role.clone(), place));
            }
            out.slot(state, run, role, Rect::new(x(c), y, width, height), down > 1);
        }
    }
    out
}

/// How many bands make images largest where runs are rows, and how many rows each has; of equal ones the fewest bands.
fn rows_of(state: &State, area: Rect, label: u16, runs: usize, roles: usize) -> (usize, usize) {
    let least = label + roles as u16 * NARROWEST;
    let most = usize::from((area.width / least).max(1));
    let lowest = usize::from((area.height / LOWEST).max(1));
    let size = |bands: usize| {
        let height = area.height / runs.div_ceil(bands) as u16;
        let width = (area.width / bands as u16 - label) / roles as u16;
        natural_width(state, height.saturating_sub(u16::from(height > 6))).min(width - 1)
    };
    let fits = (1..=most).filter(|bands| runs.div_ceil(*bands) <= lowest);
    match fits.max_by_key(|bands| (size(*bands), std::cmp::Reverse(*bands))) {
        Some(bands) => (bands, runs.div_ceil(bands)),
        None => (most, lowest.min(runs)),
    }
}

/// Runs in columns; where there are many, in several bands one below the other.
fn upright(state: &State, area: Rect, runs: &[Column<'_>], roles: &[String]) -> Grid {
    let steps = differing_steps(state, runs);
    let room = |shape: &Shape| match shape.across {
        1 => usize::from(area.width - LABEL),
        _ => usize::from(shape.width.saturating_sub(1)),
    };
    // Names have a second line where one is too little to tell them apart.
    let mut lines = 1;
    let mut shape = best(state, area, runs.len(), roles.len(), 1 + u16::from(steps));
    if is_crowded(state, room(&shape)) {
        lines = 2;
        shape = best(state, area, runs.len(), roles.len(), 2 + u16::from(steps));
    }
    let room = room(&shape);
    let shown = (shape.across * shape.bands).min(runs.len());
    let mut out = Grid {
        page: shown,
        roles: shape.down,
        ..Grid::default()
    };
    let titles = lined(state, runs, room, lines);
    let band_height = shape.head + shape.down as u16 * shape.height;
    for (i, (run, title)) in runs.iter().zip(&titles).take(shown).enumerate() {
        let (band, c) = (i / shape.across, i % shape.across);
        let x = area.x + LABEL + c as u16 * shape.width;
        let top = area.y + band as u16 * band_height;
        let place = |y| Rect::new(x, y, room as u16, 1);
        for (line, y) in parted(&title.name, room).into_iter().take(lines).zip(top..) {
            out.names.push((line, place(y)));
        }
        if let (Some(step), true) = (&title.step, steps) {
            out.names.push((step.clone(), place(top + shape.head - 1)));
        }
        for (r, role) in roles.iter().take(shape.down).enumerate() {
            let y = top + shape.head + r as u16 * shape.height;
            if c == 0 {
                out.rows
                    .push((role.clone(), Rect::new(area.x, y, LABEL - 1, shape.height)));
            }
            let place = Rect::new(x, y, shape.width, shape.height);
            out.slot(state, run, role, place, shape.down * shape.bands > 1);
        }
    }
    out
}

/// The shape that makes images largest; of equal ones that with the fewest bands. Where not all runs have room, that with most.
fn best(state: &State, area: Rect, runs: usize, roles: usize, head: u16) -> Shape {
    let room = area.width - LABEL;
    // Images stand close to each other, the better to be compared, with room for names above them.
    let of = |across: usize, bands: usize| {
        let down = roles.min(usize::from(
            ((area.height / bands as u16).saturating_sub(head) / LOWEST).max(1),
        ));
        let height = (area.height / bands as u16).saturating_sub(head) / down as u16;
        let height = height.max(1);
        Shape {
            across,
            bands,
            down,
            head,
            width: (room / across as u16).min(natural_width(state, height).max(NAME) + 2),
            height,
        }
    };
    // Columns that the image itself gets.
    let size =
        |s: &Shape| natural_width(state, s.height.saturating_sub(u16::from(s.height > 6))).min(s.width - 1);
    let fits = |s: &Shape| s.width >= NARROWEST && s.height >= LOWEST && s.down == roles;
    let mut best: Option<Shape> = None;
    for bands in 1..=runs.min(usize::from(area.height)) {
        let shape = of(runs.div_ceil(bands), bands);
        if runs.div_ceil(shape.across) == bands
            && fits(&shape)
            && best.as_ref().is_none_or(|b| size(&shape) > size(b))
        {
            best = Some(shape);
        }
    }
    best.unwrap_or_else(|| {
        let across = usize::from((room / NARROWEST).max(1)).min(runs);
        let bands = usize::from((area.height / (head + roles as u16 * LOWEST)).max(1));
        of(across, bands.min(runs.div_ceil(across)))
    })
}

/// Columns that an image of so many rows takes: that of the widest shown run.
fn natural_width(state: &State, rows: u16) -> u16 {
    let (w, h) = match state.images.via() {
        Via::Blocks => (1.0, 2.0),
        _ => (f64::from(state.images.cell.0), f64::from(state.images.cell.1)),
    };
    let images = runs(state);
    let images = images.iter().flat_map(|r| state.images.list(&r.id).first());
    let aspect = images
        .map(|i| f64::from(i.width) / f64::from(i.height.max(1)))
        .fold(0.0, f64::max);
    (f64::from(rows) * h / w * if aspect > 0.0 { aspect } else { 1.0 })
        .ceil()
        .min(1000.0) as u16
}

/// A column: a run, or one against another.
pub(super) struct Column<'s> {
    /// The run.
    pub run: &'s RunSummary,
    /// The other one.
    pub other: Option<&'s RunSummary>,
    /// What is made of the two.
    pub mix: Mix,
}

fn columns<'s>(state: &State, all: &[&'s RunSummary]) -> Vec<Column<'s>> {
    let plain = |run| Column {
        run,
        other: None,
        mix: Mix::Plain,
    };
    match (state.images.mode, all) {
        (Mode::Blink(at), _) => vec![plain(all[at % all.len()])],
        (Mode::Wipe(at), [first, second, ..]) => vec![Column {
            run: first,
            other: Some(second),
            mix: Mix::Wipe(at),
        }],
        _ => match state.images.against {
            Against::First if all.len() > 1 => all
                .iter()
                .enumerate()
                .map(|(i, run)| match i {
                    0 => plain(run),
                    _ => Column {
                        run: all[0],
                        other: Some(run),
                        mix: Mix::Difference,
                    },
                })
                .collect(),
            _ => all.iter().map(|run| plain(run)).collect(),
        },
    }
}

impl Column<'_> {
    fn request(&self, state: &State, role: &str, place: Rect) -> Option<Request> {
        let images = &state.images;
        let folder = |run: &RunSummary| {
            std::path::Path::new(&state.home)
                .join("runs")
                .join(run.id.as_str())
        };
        let file = |run: &RunSummary, role: &str| {
            let found = at_step(state, &run.id, images.step);
            found.get(role).map(|image| folder(run).join(&image.path))
        };
        let mut files = vec![file(self.run, role)?];
        let mut mix = self.mix;
        if let Some(other) = self.other {
            files.push(file(other, role)?);
        } else if images.against == Against::Target && role == "output" {
            files.push(file(self.run, "target").or_else(|| file(self.run, "input"))?);
            mix = Mix::Difference;
        }
        if mix == Mix::Plain {
            files.truncate(1);
        }
        Some(Request {
            files,
            mix,
            loupe: (images.loupe.factor > 1).then_some(images.loupe),
            cells: (place.width, place.height),
            via: images.via(),
            thrift: 1 << images.options.thrift.min(4),
            generation: images.generation,
        })
    }
}
