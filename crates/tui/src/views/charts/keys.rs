//! What keys and mouse do to charts.

use diptych_plots::spec::XAxis;

use super::view::{plots, shown_panels};
use super::{SMOOTHINGS, ask, cursor, panels};
use crate::action::Action;
use crate::effect::Effect;
use crate::state::State;

/// Does an action of this view; says whether it knew it.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    let column = plots(state)
        .first()
        .map_or(0.02, |p| 1.0 / f64::from(p.width.max(1)));
    match action {
        Action::Left => cursor::shift(state, -column),
        Action::Right => cursor::shift(state, column),
        Action::PageUp => cursor::shift(state, -0.1),
        Action::PageDown => cursor::shift(state, 0.1),
        Action::First => {
            let (from, _) = panels::x_range(state);
            cursor::place(state, from);
        }
        Action::Last => {
            let (_, to) = panels::x_range(state);
            cursor::place(state, to);
        }
        Action::Up | Action::Down => focus(state, action == Action::Down),
        Action::Back => {
            let charts = &mut state.charts;
            if charts.focus.take().is_none() && charts.zoom.take().is_none() && charts.cursor.take().is_none()
            {
                if !charts.alone {
                    return false;
                }
                charts.alone = false;
            }
        }
        Action::NextPage | Action::PreviousPage => turn_page(state, action == Action::NextPage),
        Action::Expand => state.charts.alone = !state.charts.alone,
        Action::Open => {
            // Into the images of the cursor's step.
            state.go(crate::state::View::Images, None);
            crate::update::enter(state, effects);
        }
        Action::Metrics => crate::overlay::open_metrics(state),
        Action::Axis => {
            let all = XAxis::ALL;
            let at = all
                .iter()
                .position(|a| *a == state.charts.options.axis)
                .unwrap_or(0);
            cursor::change_axis(state, all[(at + 1) % all.len()]);
            state.say(format!("x axis: {}", state.charts.options.axis));
        }
        Action::LogY => state.charts.options.log_y = !state.charts.options.log_y,
        Action::Smoother | Action::Rougher => smooth(state, action == Action::Smoother),
        Action::Multiples => state.charts.options.multiples = !state.charts.options.multiples,
        Action::Bands => {
            state.charts.options.bands = !state.charts.options.bands;
            state.charts.focus = None;
        }
        Action::ZoomIn => cursor::zoom(state, 0.5),
        Action::ZoomOut => cursor::zoom(state, 2.0),
        Action::ZoomReset => state.charts.zoom = None,
        Action::PanLeft => cursor::pan(state, -0.25),
        Action::PanRight => cursor::pan(state, 0.25),
        _ => return false,
    }
    ask(state, effects);
    true
}

/// To the panels that have no room, or back.
fn turn_page(state: &mut State, forward: bool) {
    let (shown, page, all) = shown_panels(state);
    if shown.len() == all {
        state.say("every panel has room");
        return;
    }
    state.charts.first = if forward {
        // Behind the last page comes the first.
        if shown.end < all { shown.end } else { 0 }
    } else if shown.start == 0 {
        (all - 1) / page * page
    } else {
        shown.start.saturating_sub(page)
    };
}

fn focus(state: &mut State, down: bool) {
    let n = panels::panels(state, 2)
        .iter()
        .map(|p| p.entries.len())
        .max()
        .unwrap_or(0);
    if n == 0 {
        return;
    }
    state.charts.focus = match (state.charts.focus, down) {
        (None, true) => Some(0),
        (None, false) => Some(n - 1),
        (Some(at), true) => (at + 1 < n).then_some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    };
}

fn smooth(state: &mut State, more: bool) {
    let options = &mut state.charts.options;
    let at = SMOOTHINGS
        .iter()
        .position(|s| *s == options.smoothing)
        .unwrap_or(0);
    let next = if more {
        (at + 1).min(SMOOTHINGS.len() - 1)
    } else {
        at.saturating_sub(1)
    };
    options.smoothing = SMOOTHINGS[next];
    let text = match options.smoothing {
        0.0 => "not smoothed".to_owned(),
        weight => format!("smoothed: moving average, weight of the past {weight}"),
    };
    state.say(text);
}

/// Takes the chosen metrics.
pub fn choose_metrics(state: &mut State, chosen: Vec<String>, effects: &mut Vec<Effect>) {
    state.charts.options.metrics = chosen;
    state.charts.focus = None;
    ask(state, effects);
}

/// Puts the cursor where the mouse is.
pub fn point_at(state: &mut State, x: u16, y: u16, effects: &mut Vec<Effect>) {
    if let Some(plot) = plots(state).into_iter().find(|p| p.contains((x, y).into())) {
        let (from, to) = panels::x_range(state);
        let part = (f64::from(x - plot.x) + 0.5) / f64::from(plot.width.max(1));
        cursor::place(state, from + (to - from) * part);
        ask(state, effects);
    }
}
