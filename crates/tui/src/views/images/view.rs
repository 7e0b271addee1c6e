//! Draws the images.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use ratatui_image::Image;

use super::layout::grid;
use super::title::common_step;
use super::{Mode, probes, roles, runs, steps};
use crate::action::{Action, Place};
use crate::engine::pictures::{Picture, Via};
use crate::state::State;
use crate::widgets::blocks;
use crate::widgets::frame::{message, put, titled};
use crate::widgets::text;

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let body = state.body();
    titled(buffer, body, &title(state), state.overlay.is_none(), theme);
    let all = runs(state);
    let inner = Rect {
        y: body.y + 2,
        height: body.height.saturating_sub(2),
        ..body
    };
    if all.is_empty() {
        message(
            buffer,
            inner,
            "No run is marked. Mark runs in the table with space; their images stand side by side here.",
            theme.text(),
        );
        return;
    }
    let grid = grid(state);
    if grid.slots.is_empty() {
        let problem = all.iter().find_map(|r| match state.images.lists.get(&r.id) {
            Some((_, Err(problem))) => Some(format!("{}: {problem}", r.name)),
            _ => None,
        });
        let read = all.iter().all(|r| state.images.lists.contains_key(&r.id));
        match (problem, read) {
            (Some(problem), _) => message(buffer, inner, &problem, theme.bad()),
            (None, false) => message(buffer, inner, "reading…", theme.dim()),
            (None, true) => message(
                buffer,
                inner,
                "These runs have no images yet. A run saves its probes every `log.images_every` steps (0: never).",
                theme.text(),
            ),
        }
        return;
    }
    for (name, area) in &grid.names {
        put(
            buffer,
            area.x,
            area.y,
            &text::shorten(name, usize::from(area.width)),
            area.width,
            theme.heading(),
        );
    }
    for (name, area) in &grid.rows {
        for (line, y) in text::wrap(name, usize::from(area.width))
            .iter()
            .zip(area.y..area.bottom())
        {
            put(buffer, area.x, y, line, area.width, theme.dim());
        }
    }
    for slot in &grid.slots {
        let Some(request) = &slot.request else {
            let text = if slot.unread { "…" } else { "no image" };
            message(buffer, slot.area, text, theme.dim());
            continue;
        };
        match state.images.pictures.get(request) {
            None => message(buffer, slot.area, "…", theme.dim()),
            Some((_, Err(problem))) => message(buffer, slot.area, problem, theme.bad()),
            Some((_, Ok(Picture::Blocks(image)))) => blocks::draw(image, slot.area, theme, buffer),
            Some((_, Ok(Picture::Encoded(protocol)))) => Image::new(protocol)
                .allow_clipping(true)
                .render(slot.area, buffer),
        }
    }
    slider(state, buffer);
}

fn title(state: &State) -> String {
    let images = &state.images;
    let mut parts = vec![format!("probe {} of {}", images.probe + 1, probes(state).max(1))];
    let caption = runs(state)
        .iter()
        .flat_map(|r| images.list(&r.id))
        .find(|i| i.probe == images.probe)
        .map(|i| i.caption.clone())
        .filter(|c| !c.is_empty());
    if let Some(step) = common_step(state) {
        parts.push(format!("step {step}"));
    }
    match images.mode {
        Mode::Beside => {}
        Mode::Blink(at) => parts.push(format!("blink {}", at % runs(state).len().max(1) + 1)),
        Mode::Wipe(at) => parts.push(format!("wipe {}%", at / 10)),
    }
    match images.against {
        super::Against::Nothing => {}
        super::Against::Target => parts.push("|output − target| ×4".into()),
        super::Against::First => parts.push("|run − first| ×4".into()),
    }
    if images.loupe.factor > 1 {
        parts.push(format!("loupe ×{}", images.loupe.factor));
    }
    if let Some(role) = images.alone.and_then(|at| roles(state).get(at).cloned()) {
        parts.push(format!("only {role}"));
    }
    if images.options.thrift > 0 {
        parts.push(format!("1/{} quality", 1 << images.options.thrift));
    }
    if images.via() != Via::Blocks {
        parts.push(images.via().name().into());
    }
    let grid = grid(state);
    if grid.shown.len() < grid.all {
        let key = |place, action| state.keymap.text(place, action);
        let next = key(Place::Images, Action::NextPage);
        let expand = key(Place::Anywhere, Action::Expand);
        let expand = if images.alone.is_none() {
            format!(", {expand} one row")
        } else {
            String::new()
        };
        let (first, last) = (grid.shown.start + 1, grid.shown.end);
        parts.push(format!(
            "runs {first}–{last} of {} ({next} next{expand})",
            grid.all
        ));
    }
    if grid.roles < grid.all_roles {
        let choose = state.keymap.text(Place::Images, Action::Roles);
        parts.push(format!(
            "{} of {} rows have room ({choose} chooses)",
            grid.roles, grid.all_roles
        ));
    }
    // What can be long comes last: it alone is cut.
    parts.extend(caption.map(|c| format!("file {c}")));
    parts.join(" · ")
}

/// The step slider, one line above the last row: every image's step is a tick.
fn slider(state: &State, buffer: &mut Buffer) {
    let theme = state.theme;
    let body = state.body();
    let steps = steps(state);
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return;
    };
    let at = state.images.step.unwrap_or(*last);
    let y = body.bottom().saturating_sub(2);
    let columns = usize::from(body.width);
    let place = |step: u64| match last - first {
        0 => columns - 1,
        span => {
            ((step.clamp(*first, *last) - first) as u128 * (columns - 1) as u128 / u128::from(span)) as usize
        }
    };
    let mut line = vec!['─'; columns];
    for step in &steps {
        line[place(*step)] = '┼';
    }
    put(
        buffer,
        body.x,
        y,
        &line.into_iter().collect::<String>(),
        body.width,
        theme.dim(),
    );
    put(buffer, body.x + place(at) as u16, y, "●", 1, theme.accent());
    let n = steps.partition_point(|s| *s <= at);
    let follows = if state.images.step.is_none() {
        " · the latest, and it follows"
    } else {
        ""
    };
    let label = format!("step {at} · image {n} of {}{follows}", steps.len());
    let x = (place(at) as u16)
        .saturating_sub(text::width(&label) as u16 / 2)
        .min(body.width.saturating_sub(text::width(&label) as u16));
    put(buffer, body.x + x, y + 1, &label, body.width, theme.text());
}
