//! Draws the charts with their legend.

use diptych_domain::human;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::panels::{Charted, Entry, panels};
use super::{metrics, paint, runs};
use crate::state::State;
use crate::widgets::frame::{message, put, titled};
use crate::widgets::text;

/// From this width on the legend stands beside the charts.
const WIDE: u16 = 120;
/// Its columns there.
const BESIDE: u16 = 44;
/// Lines of a legend below.
const BELOW: u16 = 7;
/// A panel is no narrower than this where there are several in a row.
const NARROWEST: u16 = 56;

/// Where charts and legend are.
fn areas(state: &State) -> (Rect, Rect) {
    let body = state.body();
    let inner = Rect {
        y: body.y + 1,
        height: body.height.saturating_sub(1),
        ..body
    };
    if state.charts.alone {
        return (inner, Rect { height: 0, ..inner });
    }
    if body.width >= WIDE {
        let charts = Rect {
            width: inner.width - BESIDE,
            ..inner
        };
        let legend = Rect {
            x: charts.right() + 1,
            width: BESIDE - 1,
            ..inner
        };
        return (charts, legend);
    }
    let n = runs(state).len() as u16
        * if state.charts.options.multiples {
            1
        } else {
            metrics(state).len().max(1) as u16
        };
    let titles = u16::from(state.charts.options.multiples && metrics(state).len() > 1);
    let lines = (n + 1 + titles).clamp(2, BELOW).min(inner.height / 2);
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

/// The panels' places for `n` of them.
fn places(area: Rect, n: usize) -> Vec<Rect> {
    if n == 0 || area.width == 0 || area.height == 0 {
        return Vec::new();
    }
    let across = (area.width / NARROWEST).clamp(1, 3).min(n as u16);
    // At least a handful of rows each; what has no room is not shown.
    let down = (n as u16).div_ceil(across).min((area.height / 5).max(1));
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

/// Where curves are, for each panel that is shown.
pub fn plots(state: &State) -> Vec<Rect> {
    let (charts, _) = areas(state);
    let n = if state.charts.options.multiples {
        metrics(state).len()
    } else {
        metrics(state).len().min(1)
    };
    places(charts, n).into_iter().map(paint::plot_of).collect()
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
    let places = places(charts, charted.len());
    for (chart, place) in charted.iter().zip(&places) {
        paint::paint(
            &chart.panel,
            *place,
            state.charts.cursor,
            state.charts.focus,
            theme,
            buffer,
        );
        let reading = chart.panel.marks.is_empty() && chart.entries.iter().all(|e| e.problem.is_none());
        if reading {
            message(buffer, paint::plot_of(*place), "reading…", theme.dim());
        }
    }
    if legend.height > 0 {
        draw_legend(state, &charted, legend, buffer);
    }
}

fn title(state: &State) -> String {
    let options = &state.charts.options;
    let mut parts = vec![format!("{} runs", runs(state).len())];
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
    let n = metrics(state).len();
    if options.multiples && plots(state).len() < n {
        parts.push(format!("{} of {n} panels have room", plots(state).len()));
    }
    parts.join(" · ")
}

fn draw_legend(state: &State, charted: &[Charted], area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let at = match state.charts.cursor {
        Some(x) => format!("at {}", place_text(state, x)),
        None => "last values".to_owned(),
    };
    put(buffer, area.x, area.y, &at, area.width, theme.heading());
    let mut y = area.y + 1;
    let all = charted
        .iter()
        .map(|c| c.entries.len() + usize::from(charted.len() > 1))
        .sum::<usize>();
    let lines = if area.width < 60 && all * 2 < usize::from(area.height) {
        2
    } else {
        1
    };
    for (i, chart) in charted.iter().enumerate() {
        if charted.len() > 1 {
            if area.width < BESIDE && i > 0 || y >= area.bottom() {
                break;
            }
            let title = chart.panel.title.clone().unwrap_or_default();
            put(buffer, area.x, y, &title, area.width, theme.dim());
            y += 1;
        }
        for (j, entry) in chart.entries.iter().enumerate() {
            if y + 1 == area.bottom() && j + 1 < chart.entries.len() {
                put(
                    buffer,
                    area.x,
                    y,
                    &format!("  and {} more", chart.entries.len() - j),
                    area.width,
                    theme.dim(),
                );
                y += 1;
                break;
            }
            if y >= area.bottom() {
                break;
            }
            line(state, entry, Rect::new(area.x, y, area.width, lines), buffer);
            y += lines;
        }
    }
}

fn line(state: &State, entry: &Entry, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let mut style = theme.series(entry.slot);
    if state.charts.focus == Some(entry.slot) {
        style = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    }
    let width = usize::from(area.width);
    if let Some(problem) = &entry.problem {
        let line = format!("━━ {} {problem}", text::shorten(&entry.name, 24));
        put(buffer, area.x, area.y, &line, area.width, theme.bad());
        return;
    }
    let value = entry.value.map_or_else(String::new, human::number);
    let note = text::cut(&entry.note, 22);
    let tail = format!(
        "{} {}",
        text::right(&value, 9),
        text::left(&note, if width > 60 { 22 } else { 14 })
    );
    put(buffer, area.x, area.y, "━━ ", 3, style);
    if area.height > 1 {
        put(
            buffer,
            area.x + 3,
            area.y,
            &text::shorten(&entry.name, width - 3),
            area.width,
            style,
        );
        let line = format!("{} {}", text::right(&value, 9), entry.note);
        put(
            buffer,
            area.x + 3,
            area.y + 1,
            &line,
            area.width.saturating_sub(3),
            theme.text(),
        );
        return;
    }
    let room = width.saturating_sub(text::width(&tail) + 4);
    let name = text::left(&text::shorten(&entry.name, room), room);
    put(buffer, area.x + 3, area.y, &name, area.width, style);
    let x = area.x + 3 + text::width(&name) as u16;
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
