//! Which picture goes where.

use diptych_domain::RunSummary;
use ratatui::layout::Rect;

use super::{Against, Mode, at_step, roles, runs};
use crate::engine::pictures::{Mix, Request, Via};
use crate::state::State;

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
}

/// The grid as it is laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// What stands above each column, and where.
    pub columns: Vec<(String, Rect)>,
    /// What stands beside each row, and where.
    pub rows: Vec<(String, Rect)>,
    /// The places.
    pub slots: Vec<Slot>,
    /// Runs without room.
    pub hidden: usize,
}

/// Where the images are: below the title and the columns' names, above the slider.
pub fn area(state: &State) -> Rect {
    let body = state.body();
    Rect {
        y: body.y + 2,
        height: body.height.saturating_sub(4),
        ..body
    }
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
    if shown_roles.is_empty() || all.is_empty() || area.width <= LABEL || area.height == 0 {
        return Grid::default();
    }
    let runs = columns(state, &all);
    let turned = state.images.options.turned;
    let label = if turned { NAME.min(area.width / 4) } else { LABEL };
    let (across, down) = if turned {
        (shown_roles.len(), runs.len())
    } else {
        (runs.len(), shown_roles.len())
    };
    let across_shown = across.min(usize::from(((area.width - label) / NARROWEST).max(1)));
    let down_shown = down.min(usize::from((area.height / LOWEST).max(1)));
    let width = (area.width - label) / across_shown as u16;
    let height = (area.height / down_shown as u16).max(1);
    // Images stand close to each other, the better to be compared, with room for names above them.
    let named = if turned { NARROWEST } else { NAME };
    let width = width.min(natural_width(state, height).max(named) + 2);
    let mut out = Grid {
        hidden: if turned {
            down - down_shown
        } else {
            across - across_shown
        },
        ..Grid::default()
    };
    let role_of = |(c, r): (usize, usize)| if turned { c } else { r };
    let run_of = |(c, r): (usize, usize)| if turned { r } else { c };
    let name = |i: usize, is_run: bool| {
        if is_run {
            runs[i].title(state)
        } else {
            shown_roles[i].clone()
        }
    };
    for c in 0..across_shown {
        let x = area.x + label + c as u16 * width;
        // The last name has all that is left.
        let room = if c + 1 == across_shown {
            area.right() - x
        } else {
            width.saturating_sub(1)
        };
        out.columns
            .push((name(c, !turned), Rect::new(x, area.y - 1, room, 1)));
    }
    for r in 0..down_shown {
        let y = area.y + r as u16 * height;
        out.rows
            .push((name(r, turned), Rect::new(area.x, y, label - 1, height)));
        for c in 0..across_shown {
            let x = area.x + label + c as u16 * width;
            // A free column between images; a free row only where there is room for it.
            let gap = u16::from(height > 6 && down_shown > 1);
            let place = Rect::new(x, y, width.saturating_sub(1), height - gap);
            let role = &shown_roles[role_of((c, r))];
            out.slots.push(Slot {
                area: place,
                request: runs[run_of((c, r))].request(state, role, place),
            });
        }
    }
    out
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
struct Column<'s> {
    run: &'s RunSummary,
    other: Option<&'s RunSummary>,
    mix: Mix,
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
    fn title(&self, state: &State) -> String {
        let step = |run: &RunSummary| {
            let output = at_step(state, &run.id, state.images.step);
            let step = output
                .iter()
                .filter(|(role, _)| !matches!(**role, "input" | "target"))
                .map(|(_, i)| i.step)
                .max();
            match step {
                // Where a run has no image of the step itself, it says which one this is.
                Some(step) if Some(step) != state.images.step => format!(" @{step}"),
                _ => String::new(),
            }
        };
        match (self.mix, self.other) {
            (Mix::Wipe(_), Some(other)) => format!("{} │ {}", self.run.name, other.name),
            (Mix::Difference, Some(other)) => format!("|{} − {}|", other.name, self.run.name),
            _ => format!("{}{}", self.run.name, step(self.run)),
        }
    }

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
