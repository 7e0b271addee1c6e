//! What keys and mouse do to images.

use super::layout::grid;
use super::{Against, Mode, ask, probes, roles, runs, steps};
use crate::action::Action;
use crate::effect::Effect;
use crate::engine::pictures::Via;
use crate::state::State;

/// How far a key moves the border or the loupe: thousandths.
const MOVE: u16 = 50;

/// Does an action of this view; says whether it knew it.
pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Left => step(state, -1),
        Action::Right => step(state, 1),
        Action::PageUp => step(state, -10),
        Action::PageDown => step(state, 10),
        Action::First => {
            state.images.step = steps(state).first().copied();
            tie(state);
        }
        Action::Last => {
            state.images.step = None;
            tie(state);
        }
        Action::Up => state.images.probe = state.images.probe.saturating_sub(1),
        Action::Down => state.images.probe = (state.images.probe + 1).min(probes(state).saturating_sub(1)),
        Action::Expand | Action::Open => {
            let n = roles(state).len();
            state.images.alone = match state.images.alone {
                // The outputs are what one wants to see large, then the others.
                None => roles(state).iter().position(|r| r == "output").or(Some(0)),
                Some(at) if action == Action::Expand && at + 1 < n => Some(at + 1),
                Some(_) => None,
            };
        }
        Action::NextPage | Action::PreviousPage => turn_page(state, action == Action::NextPage),
        Action::Back => return back(state, effects),
        Action::Blink => blink(state),
        Action::Wipe => wipe(state),
        Action::WipeLeft | Action::WipeRight => {
            let at = match state.images.mode {
                Mode::Wipe(at) => at,
                _ => 500,
            };
            let left = action == Action::WipeLeft;
            state.images.mode = Mode::Wipe(if left {
                at.saturating_sub(MOVE)
            } else {
                (at + MOVE).min(1000)
            });
        }
        Action::Difference => {
            state.images.against = match state.images.against {
                Against::Nothing => Against::Target,
                Against::Target if runs(state).len() > 1 => Against::First,
                _ => Against::Nothing,
            };
            let what = match state.images.against {
                Against::Nothing => "images as they are",
                Against::Target => "outputs: absolute difference to the target, times 4",
                Against::First => "absolute difference to the first run, times 4",
            };
            state.say(what);
        }
        Action::Loupe => {
            let loupe = &mut state.images.loupe;
            loupe.factor = if loupe.factor >= 8 { 1 } else { loupe.factor * 2 };
        }
        Action::LoupeLeft => move_loupe(state, -1, 0),
        Action::LoupeRight => move_loupe(state, 1, 0),
        Action::LoupeUp => move_loupe(state, 0, -1),
        Action::LoupeDown => move_loupe(state, 0, 1),
        Action::Roles => {
            crate::overlay::open_roles(state);
        }
        Action::Turn => state.images.options.turned = !state.images.options.turned,
        Action::Protocol => {
            let at = Via::ALL
                .iter()
                .position(|v| *v == state.images.options.via)
                .unwrap_or(0);
            state.images.options.via = Via::ALL[(at + 1) % Via::ALL.len()];
            state.images.redraw();
            effects.push(Effect::Redraw);
            let via = state.images.options.via;
            let auto = if via == Via::Auto {
                format!(" ({})", state.images.auto.name())
            } else {
                String::new()
            };
            state.say(format!("images are drawn by {}{auto}", via.name()));
        }
        Action::Budget => {
            state.images.options.thrift = (state.images.options.thrift + 1) % 3;
            state.images.redraw();
            state.say(
                [
                    "full quality",
                    "half the pixels a side",
                    "a quarter of the pixels a side",
                ][usize::from(state.images.options.thrift)],
            );
        }
        _ => return false,
    }
    ask(state, effects);
    true
}

/// To the runs that have no room, or back.
fn turn_page(state: &mut State, forward: bool) {
    let grid = grid(state);
    let (shown, all) = (grid.shown.len(), grid.all);
    if shown == all {
        state.say("every run has room");
        return;
    }
    let (first, page) = (grid.shown.start, grid.page.max(1));
    state.images.first = if forward {
        // Behind the last page comes the first.
        Some(first + page).filter(|next| *next < all).unwrap_or(0)
    } else if first == 0 {
        (all - 1) / page * page
    } else {
        first.saturating_sub(page)
    };
}

fn back(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    let images = &mut state.images;
    if images.mode != Mode::Beside {
        images.mode = Mode::Beside;
    } else if images.loupe.factor > 1 {
        images.loupe.factor = 1;
    } else if images.against != Against::Nothing {
        images.against = Against::Nothing;
    } else if images.alone.is_some() {
        images.alone = None;
    } else {
        return false;
    }
    ask(state, effects);
    true
}

/// Moves the slider by so many images.
fn step(state: &mut State, by: isize) {
    let steps = steps(state);
    let Some(last) = steps.len().checked_sub(1) else {
        return;
    };
    let at = match state.images.step {
        Some(step) => steps.partition_point(|s| *s <= step).saturating_sub(1),
        None => last,
    };
    let next = (at as isize + by).clamp(0, last as isize) as usize;
    // At the end it follows the runs.
    state.images.step = (next < last).then(|| steps[next]);
    tie(state);
}

/// Puts the cursor of the charts where the slider is.
fn tie(state: &mut State) {
    let step = state.images.step.or(steps(state).last().copied());
    crate::views::charts::cursor_to_step(state, step);
}

fn blink(state: &mut State) {
    if runs(state).len() < 2 {
        state.complain("mark two runs or more to blink between them");
        return;
    }
    state.images.mode = match state.images.mode {
        Mode::Blink(at) => Mode::Blink((at + 1) % runs(state).len()),
        _ => Mode::Blink(0),
    };
}

fn wipe(state: &mut State) {
    if runs(state).len() < 2 {
        state.complain("mark two runs to wipe between them");
        return;
    }
    state.images.mode = match state.images.mode {
        Mode::Wipe(_) => Mode::Beside,
        _ => Mode::Wipe(500),
    };
}

fn move_loupe(state: &mut State, x: i32, y: i32) {
    let loupe = &mut state.images.loupe;
    if loupe.factor < 2 {
        loupe.factor = 2;
    }
    let by = i32::from(MOVE) * 2 / i32::from(loupe.factor);
    let moved = |at: u16, by: i32| (i32::from(at) + by).clamp(0, 1000) as u16;
    (loupe.x, loupe.y) = (moved(loupe.x, x * by), moved(loupe.y, y * by));
}

/// Takes the chosen rows.
pub fn choose_roles(state: &mut State, roles: Vec<String>, effects: &mut Vec<Effect>) {
    state.images.options.roles = (!roles.is_empty()).then_some(roles);
    state.images.alone = None;
    ask(state, effects);
}

/// Puts the loupe, the border or the slider where the mouse is.
pub fn point_at(state: &mut State, x: u16, y: u16, effects: &mut Vec<Effect>) {
    let body = state.body();
    if y + 2 >= body.bottom() {
        let steps = steps(state);
        if let (Some(last), true) = (steps.len().checked_sub(1), body.width > 0) {
            let at = usize::from(x - body.x) * (last + 1) / usize::from(body.width);
            state.images.step = (at < last).then(|| steps[at]);
            tie(state);
        }
    } else if let Some(slot) = grid(state)
        .slots
        .into_iter()
        .find(|s| s.area.contains((x, y).into()))
    {
        let part =
            |at: u16, from: u16, length: u16| (u32::from(at - from) * 1000 / u32::from(length.max(1))) as u16;
        let (px, py) = (
            part(x, slot.area.x, slot.area.width),
            part(y, slot.area.y, slot.area.height),
        );
        match &mut state.images.mode {
            Mode::Wipe(at) => *at = px,
            _ if state.images.loupe.factor > 1 => (state.images.loupe.x, state.images.loupe.y) = (px, py),
            _ => {}
        }
    }
    ask(state, effects);
}
