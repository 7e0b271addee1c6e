//! Draws the charts with their legend.

use std::ops::Range;

use diptych_domain::human;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::panels::{Charted, Entry, entries, panels};
use super::{metrics, paint, runs};
use crate::action::{Action, Place};
use crate::state::State;
use crate::theme::Depth;
use crate::widgets::frame::{message, put, titled};
use crate::widgets::{names, text};

/// From this width on the legend stands beside the charts.
const WIDE: u16 = 120;
/// Its columns there.
const BESIDE: u16 = 44;
/// Its columns where there is plenty of room.
const BESIDE_WIDER: u16 = 60;
/// Lines of a legend below.
const BELOW: u16 = 7;
/// A panel is no narrower than this where there are several in a row.
const NARROWEST: u16 = 56;
/// Nor lower.
const LOWEST: u16 = 5;
/// Lines of its legend that a panel has room for at least, where it has one of its own.
const OWN_LEGEND: u16 = 4;

/// Where charts and legend are.
fn areas(state: &State) -> (Rect, Rect) {
    let body = state.body();
    let inner = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    // Several panels have a legend each.
    if state.charts.alone || several(state) {
        return (inner, Rect { height: 0, ..inner });
    }
    if body.width >= WIDE {
        // With several metrics in one chart each name has its metric beside it.
        let beside = if body.width >= 2 * WIDE - BESIDE && metrics(state).len() > 1 {
            BESIDE_WIDER
        } else {
            BESIDE
        };
        let charts = Rect {
            width: inner.width - beside,
            ..inner
        };
        let legend = Rect {
            x: charts.right() + 1,
            width: beside - 1,
            ..inner
        };
        return (charts, legend);
    }
    let n = entries(state) * metrics(state).len().max(1);
    let lines = (n as u16 + 1).clamp(2, BELOW).min(inner.height / 2);
    let charts = Rect {
        height: inner.height - lines,
        ..inner
    };
    let legend = Rect {
        y: charts.bottom(),
        height: lines,
        ..inner
    };
    (charts, legend)
}

/// Whether each metric has a panel of its own.
fn several(state: &State) -> bool {
    state.charts.options.multiples && metrics(state).len() > 1
}

/// A panel's place: its chart, and below it the legend where it has one of its own.
fn split(state: &State, place: Rect) -> (Rect, Rect) {
    let lines = if several(state) && !state.charts.alone {
        (entries(state) as u16)
            .min(place.height.saturating_sub(LOWEST))
            .min(place.height / 2)
    } else {
        0
    };
    let chart = Rect {
        height: place.height - lines,
        ..place
    };
    let legend = Rect {
        y: chart.bottom(),
        height: lines,
        width: place.width.saturating_sub(1),
        ..place
    };
    (chart, legend)
}

/// The panels' places for `n` of them.
fn places(state: &State, area: Rect, n: usize) -> Vec<Rect> {
    if n == 0 || area.width == 0 || area.height == 0 {
        return Vec::new();
    }
    let across = (area.width / NARROWEST).clamp(1, 3).min(n as u16);
    // What has no room is not shown.
    let legend = if several(state) && !state.charts.alone {
        (entries(state) as u16).min(OWN_LEGEND)
    } else {
        0
    };
    let down = (n as u16)
        .div_ceil(across)
        .min((area.height / (LOWEST + legend)).max(1));
    let (width, height) = (area.width / across, area.height / down);
    (0..(across * down).min(n as u16))
        .map(|i| {
            Rect::new(
                area.x + i % across * width,
                area.y + i / across * height,
                width,
                height,
            )
        })
        .collect()
}

/// The panels that are shown, how many have room on a page, and how many there are.
pub fn shown_panels(state: &State) -> (Range<usize>, usize, usize) {
    let (charts, _) = areas(state);
    let all = if state.charts.options.multiples {
        metrics(state).len()
    } else {
        metrics(state).len().min(1)
    };
    let page = places(state, charts, all).len().max(1);
    let first = state.charts.first.min(all.saturating_sub(1)) / page * page;
    (first..(first + page).min(all), page, all)
}

/// Where curves are, for each panel that is shown.
pub fn plots(state: &State) -> Vec<Rect> {
    let (charts, _) = areas(state);
    let plot = |place| paint::plot_of(split(state, place).0);
    places(state, charts, shown_panels(state).0.len())
        .into_iter()
        .map(plot)
        .collect()
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let body = state.body();
    titled(buffer, body, &title(state), state.overlay.is_none(), theme);
    let (charts, legend) = areas(state);
    if runs(state).is_empty() {
        message(
            buffer,
            charts,
            "No run is marked. Mark runs in the table with space; their curves lie over each other here.",
            theme.text(),
        );
        return;
    }
    if metrics(state).is_empty() {
        message(
            buffer,
            charts,
            "These runs have logged nothing yet.",
            theme.text(),
        );
        return;
    }
    let columns = plots(state).first().map_or(2, |p| usize::from(p.width) * 2);
    let charted = panels(state, columns);
    let (shown, _, _) = shown_panels(state);
    let places = places(state, charts, shown.len());
    for (chart, place) in charted.iter().skip(shown.start).zip(&places) {
        let (place, own_legend) = split(state, *place);
        let look = paint::Look {
            cursor: state.charts.cursor,
            focus: state.charts.focus,
            letters: letters(state, chart.entries.len()),
            theme,
        };
        paint::paint(&chart.panel, place, look, buffer);
        let reading = chart.panel.marks.is_empty() && chart.entries.iter().all(|e| e.problem.is_none());
        if reading {
            message(buffer, paint::plot_of(place), "reading…", theme.dim());
        }
        lines(state, chart, own_legend, 1, buffer);
    }
    if let (Some(chart), true) = (charted.first(), legend.height > 0) {
        draw_legend(state, chart, legend, buffer);
    }
}

/// Whether curves have letters: where there are more than there are colours, or too few colours to tell them apart.
fn letters(state: &State, n: usize) -> bool {
    n > 1 && (n > diptych_plots::style::SLOTS || matches!(state.theme.depth, Depth::None | Depth::Sixteen))
}

fn title(state: &State) -> String {
    let options = &state.charts.options;
    let mut parts = vec![text::count(runs(state).len(), "run")];
    if let (true, Some(x)) = (several(state), state.charts.cursor) {
        parts.push(format!("at {}", place_text(state, x)));
    }
    let left_out = state.shown().len().saturating_sub(super::MOST_RUNS);
    if left_out > 0 {
        parts.push(format!("{left_out} more are not drawn"));
    }
    if options.smoothing > 0.0 {
        parts.push(format!("smoothed {}", options.smoothing));
    }
    if options.log_y {
        parts.push("log y".into());
    }
    if options.bands {
        parts.push("mean ± std over seeds".into());
    }
    if state.charts.zoom.is_some() {
        parts.push("section".into());
    }
    let (shown, _, all) = shown_panels(state);
    if shown.len() < all {
        let next = state.keymap.text(Place::Charts, Action::NextPage);
        let (first, last) = (shown.start + 1, shown.end);
        parts.push(format!("panels {first}–{last} of {all} ({next} next)"));
    }
    parts.join(" · ")
}

/// The legend of a single chart, with what its values are of.
fn draw_legend(state: &State, chart: &Charted, area: Rect, buffer: &mut Buffer) {
    let at = match state.charts.cursor {
        Some(x) => format!("at {}", place_text(state, x)),
        None => "last values".to_owned(),
    };
    put(buffer, area.x, area.y, &at, area.width, state.theme.heading());
    let area = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let roomy = area.width < 60 && chart.entries.len() * 2 <= usize::from(area.height);
    lines(state, chart, area, 1 + u16::from(roomy), buffer);
}

/// The entries of a legend, each in so many lines.
fn lines(state: &State, chart: &Charted, area: Rect, each: u16, buffer: &mut Buffer) {
    let letters = letters(state, chart.entries.len());
    let room = usize::from(area.height / each);
    let all: Vec<&str> = chart.entries.iter().map(|e| e.name.as_str()).collect();
    let names = names::distinct(&all, name_room(area.width, each));
    // The curve in focus is in sight, the last line is for how many are not.
    let fit = if room < all.len() {
        room.saturating_sub(1)
    } else {
        room
    };
    let first = state.charts.focus.map_or(0, |at| (at + 1).saturating_sub(fit));
    for (at, (entry, name)) in chart
        .entries
        .iter()
        .zip(&names)
        .skip(first)
        .take(room)
        .enumerate()
    {
        let y = area.y + at as u16 * each;
        if at == fit {
            let more = format!("   and {} more", all.len() - fit);
            put(buffer, area.x, y, &more, area.width, state.theme.dim());
            return;
        }
        let sample = if letters {
            format!("{}━ ", paint::letter(entry.slot))
        } else {
            "━━ ".to_owned()
        };
        let place = Rect::new(area.x, y, area.width, each);
        line(state, entry, &sample, name, place, buffer);
    }
}

/// Columns of a value.
const VALUE: usize = 9;

/// Columns of what is said beside a value.
fn note_room(width: u16) -> usize {
    if width > 60 { 22 } else { 14 }
}

/// Columns of a name.
fn name_room(width: u16, each: u16) -> usize {
    let own = match each {
        1 => VALUE + 1 + note_room(width) + 4,
        _ => 3,
    };
    usize::from(width).saturating_sub(own)
}

fn line(state: &State, entry: &Entry, sample: &str, name: &str, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let mut style = theme.series(entry.slot);
    if state.charts.focus == Some(entry.slot) {
        style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    }
    if let Some(problem) = &entry.problem {
        let line = format!("{sample}{} {problem}", text::shorten(name, 24));
        put(buffer, area.x, area.y, &line, area.width, theme.bad());
        return;
    }
    let value = match entry.value {
        Some(value) => human::number(value),
        None if entry.note.is_empty() => String::new(),
        None => "–".to_owned(),
    };
    let value = text::right(&value, VALUE);
    put(buffer, area.x, area.y, sample, 3, style);
    let x = area.x + 3;
    if area.height > 1 {
        put(buffer, x, area.y, name, area.width.saturating_sub(3), style);
        let line = format!("{value} {}", entry.note);
        put(
            buffer,
            x,
            area.y + 1,
            &line,
            area.width.saturating_sub(3),
            theme.text(),
        );
        return;
    }
    let room = name_room(area.width, 1);
    put(buffer, x, area.y, &text::left(name, room), room as u16, style);
    let x = x + room as u16;
    let note = text::cut(&entry.note, note_room(area.width));
    let tail = format!(" {value} {note}");
    put(
        buffer,
        x,
        area.y,
        &tail,
        area.right().saturating_sub(x),
        theme.text(),
    );
}

fn place_text(state: &State, x: f64) -> String {
    use diptych_plots::spec::XAxis;
    match state.charts.options.axis {
        XAxis::Step => format!("step {x:.0}"),
        XAxis::Epoch => format!("epoch {x:.2}"),
        XAxis::Relative => human::duration(x),
        XAxis::Wall => jiff::Timestamp::from_second(x as i64).map_or_else(
            |_| String::new(),
            |t| format!("{}", t.strftime("%Y-%m-%d %H:%M:%S UTC")),
        ),
    }
}
