//! Draws machine, live runs and queue.

use diptych_domain::{MetricKey, RunSummary, human};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{STRIP, health_keys};
use crate::action::{Action, Place};
use crate::state::State;
use crate::views::runs::column;
use crate::widgets::frame::{put, titled};
use crate::widgets::names::distinct;
use crate::widgets::text;

/// Lines that a live run takes: its own, and its health.
const PER_LIVE: u16 = 2;
/// Columns of a queued run's name.
const QUEUED: usize = 28;

struct Layout {
    machine: Rect,
    live: Rect,
    queue: Rect,
    first_live: usize,
    first_queued: usize,
}

fn layout(state: &State) -> Layout {
    let body = state.body();
    let gpus = state.system.machine.as_ref().map_or(0, |m| m.gpus.len()) as u16;
    let cpu_lines = state
        .system
        .machine
        .as_ref()
        .map_or(1, |m| m.cpus.len().div_ceil(per_line(body.width))) as u16;
    let machine = Rect {
        height: (2 + cpu_lines.min(6) + gpus).min(body.height / 2),
        ..body
    };
    let left = body.height - machine.height;
    let lines = state.system.live(&state.runs).len() as u16 * PER_LIVE + 2;
    let live = Rect {
        y: machine.bottom(),
        height: lines.clamp(3, (left * 2 / 3).max(3)).min(left),
        ..body
    };
    let queue = Rect {
        y: live.bottom(),
        height: body.bottom().saturating_sub(live.bottom()),
        ..body
    };
    let n = state.system.live(&state.runs).len();
    let at = state.system.selected;
    let room = usize::from(live.height.saturating_sub(2) / PER_LIVE).max(1);
    let queued = usize::from(queue.height.saturating_sub(1)).max(1);
    Layout {
        machine,
        live,
        queue,
        first_live: if at < n { at.saturating_sub(room - 1) } else { 0 },
        first_queued: at.saturating_sub(n).saturating_sub(queued - 1),
    }
}

fn per_line(width: u16) -> usize {
    usize::from(width / 18).max(1)
}

/// The line at a place of the screen.
pub fn line_at(state: &State, x: u16, y: u16) -> Option<usize> {
    let l = layout(state);
    let live = state.system.live(&state.runs).len();
    let all = state.system.lines(&state.runs).len();
    let found = if l.live.contains((x, y).into()) {
        l.first_live + usize::from(y.checked_sub(l.live.y + 2)? / PER_LIVE)
    } else if l.queue.contains((x, y).into()) {
        live + l.first_queued + usize::from(y.checked_sub(l.queue.y + 1)?)
    } else {
        return None;
    };
    (found < all).then_some(found)
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let l = layout(state);
    machine(state, l.machine, buffer);
    live(state, &l, buffer);
    queue(state, &l, buffer);
}

fn machine(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme;
    let Some(machine) = &state.system.machine else {
        titled(buffer, area, "Machine", false, theme);
        put(
            buffer,
            area.x + 1,
            area.y + 1,
            "looking…",
            area.width,
            theme.dim(),
        );
        return;
    };
    let area = titled(buffer, area, &format!("Machine {}", machine.host), false, theme);
    let share = machine.used as f64 / machine.memory.max(1) as f64;
    let load = machine.cpus.iter().sum::<f64>() / machine.cpus.len().max(1) as f64;
    let line = format!(
        " CPU {:>3.0}% of {} cores   memory {} {} of {}",
        load * 100.0,
        machine.cpus.len(),
        text::bar(share, 10),
        human::bytes(machine.used),
        human::bytes(machine.memory)
    );
    put(buffer, area.x, area.y, &line, area.width, theme.text());
    let mut y = area.y + 1;
    let lines = machine.cpus.chunks(per_line(area.width));
    let gpus = machine.gpus.len() as u16;
    for (row, chunk) in lines.enumerate() {
        if y + gpus >= area.bottom() {
            break;
        }
        for (i, cpu) in chunk.iter().enumerate() {
            let n = row * per_line(area.width) + i;
            let cell = format!("{n:>3} {} {:>3.0}%", text::bar(*cpu, 8), cpu * 100.0);
            put(buffer, area.x + i as u16 * 18, y, &cell, 18, theme.dim());
        }
        y += 1;
    }
    for (i, gpu) in machine
        .gpus
        .iter()
        .enumerate()
        .take_while(|(i, _)| y + (*i as u16) < area.bottom())
    {
        let part = gpu.used as f64 / gpu.memory.max(1) as f64;
        let line = format!(
            " GPU {i} {} {:>3.0}%  memory {} {} of {}  {:.0} °C  {:.0} W  {}",
            text::bar(gpu.load, 8),
            gpu.load * 100.0,
            text::bar(part, 8),
            human::bytes(gpu.used),
            human::bytes(gpu.memory),
            gpu.celsius,
            gpu.watts,
            gpu.name
        );
        put(buffer, area.x, y + i as u16, &line, area.width, theme.text());
    }
}

/// The GPU that a run is trained on, as the run itself logged it: it may be in another machine.
fn own_gpu(run: &RunSummary) -> Option<String> {
    let of = |key: &str| metric(run, &format!("system/gpu_{key}"));
    let parts = [
        of("busy").map(|v| format!("{:.0}%", v * 100.0)),
        of("memory_bytes").map(|v| human::bytes(v as u64)),
        of("celsius").map(|v| format!("{v:.0} °C")),
        of("watts").map(|v| format!("{v:.0} W")),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("GPU {}", said.join(" ")))
}

fn metric(run: &RunSummary, key: &str) -> Option<f64> {
    run.metrics
        .get(&MetricKey::new(key))
        .map(|m| m.last)
        .filter(|v| v.is_finite())
}

fn live(state: &State, l: &Layout, buffer: &mut Buffer) {
    let theme = state.theme;
    let runs = state.system.live(&state.runs);
    let area = titled(
        buffer,
        l.live,
        &format!("Live: {}", runs.len()),
        state.overlay.is_none(),
        theme,
    );
    if runs.is_empty() {
        put(
            buffer,
            area.x + 1,
            area.y,
            "nothing is being trained",
            area.width,
            theme.dim(),
        );
        return;
    }
    let name = usize::from(area.width).saturating_sub(63).clamp(12, 40);
    let head = format!(
        " {} PROGRESS       ETA      img/s  s/step  wait  cores  memory",
        text::left("NAME", name)
    );
    put(buffer, area.x, area.y, &head, area.width, theme.heading());
    let room = usize::from(area.height.saturating_sub(1) / PER_LIVE);
    let all: Vec<&str> = runs.iter().map(|r| r.name.as_str()).collect();
    let names = distinct(&all, name);
    for (i, run) in runs.iter().enumerate().skip(l.first_live).take(room) {
        let y = area.y + 1 + (i - l.first_live) as u16 * PER_LIVE;
        let trainer = state
            .system
            .machine
            .as_ref()
            .and_then(|m| m.trainers.iter().find(|t| t.run == run.id));
        let number =
            |v: Option<f64>, digits: usize| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.digits$}"));
        let part = column::part(run);
        let line = format!(
            " {} {} {:>3.0}%  {:>8} {:>6} {:>7} {:>4}% {:>6} {:>8}",
            text::left(&names[i], name),
            text::bar(part, 8),
            (part * 100.0).floor(),
            state.runs.to_go(run).map_or_else(String::new, human::duration),
            metric(run, "perf/images_per_second").map_or_else(|| "-".to_owned(), human::rate),
            number(metric(run, "perf/step_seconds"), 3),
            number(metric(run, "perf/data_wait").map(|w| w * 100.0), 0),
            number(
                metric(run, "system/cpu_cores").or(trainer.and_then(|t| t.cores)),
                1
            ),
            metric(run, "system/memory_bytes")
                .map(|bytes| bytes as u64)
                .or(trainer.and_then(|t| t.memory))
                .map_or_else(|| "-".to_owned(), human::bytes),
        );
        put(buffer, area.x, y, &line, area.width, theme.text());
        let stopping = trainer.is_some_and(|t| t.stopping);
        let mut x = area.x + 3;
        if stopping {
            put(buffer, x, y + 1, "stopping…", area.width, theme.warn());
            x += 11;
        }
        if let Some(gpu) = own_gpu(run) {
            put(
                buffer,
                x,
                y + 1,
                &gpu,
                area.right().saturating_sub(x),
                theme.text(),
            );
            x += text::width(&gpu) as u16 + 2;
        }
        let strips: Vec<_> = health_keys(run)
            .into_iter()
            .map(|key| {
                let name = key.as_str().trim_start_matches("health/").to_owned();
                let last = run.metrics.get(&key).map(|m| human::number(m.last));
                (key, name, last.unwrap_or_default())
            })
            .collect();
        // All of them have room, as short as that makes them.
        let words = strips
            .iter()
            .map(|(_, name, last)| text::width(name) + text::width(last) + 4);
        let free = usize::from(area.right().saturating_sub(x)).saturating_sub(words.sum());
        let columns = (free / strips.len().max(1)).clamp(3, STRIP);
        for (key, name, last) in strips {
            let values = state
                .system
                .strips
                .get(&(run.id.clone(), key.clone()))
                .map_or(&[][..], |(_, v)| v);
            let strip = format!("{name} {} {last}  ", text::sparkline(values, columns));
            put(
                buffer,
                x,
                y + 1,
                &strip,
                area.right().saturating_sub(x),
                theme.dim(),
            );
            x += text::width(&strip) as u16;
        }
        if i == state.system.selected {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.selected());
        }
    }
}

fn queue(state: &State, l: &Layout, buffer: &mut Buffer) {
    let theme = state.theme;
    let queued = state.system.queue(&state.runs);
    let title = match &state.system.trouble {
        Some(problem) => format!("Queue: {} · {problem}", queued.len()),
        None => format!("Queue: {}", queued.len()),
    };
    let area = titled(buffer, l.queue, &title, false, theme);
    if queued.is_empty() {
        let launch = state.keymap.text(Place::System, Action::Launch);
        let hint =
            format!("nothing waits; {launch} launches an experiment; the ablation queues missing cells");
        put(buffer, area.x + 1, area.y, &hint, area.width, theme.dim());
        return;
    }
    let live = state.system.live(&state.runs).len();
    let all: Vec<&str> = queued.iter().map(|r| r.name.as_str()).collect();
    let names = distinct(&all, QUEUED);
    for (i, run) in queued
        .iter()
        .enumerate()
        .skip(l.first_queued)
        .take(usize::from(area.height))
    {
        let y = area.y + (i - l.first_queued) as u16;
        let what = match run.cells.first() {
            Some(cell) => format!("{}: {}", cell.sweep, diptych_domain::cell::label(&cell.factors)),
            None => format!("{} · seed {}", run.model, run.spec.seed),
        };
        let line = format!(
            "{:>3}  {}  {what} · queued {}",
            i + 1,
            text::left(&names[i], QUEUED),
            human::ago(run.created, state.now)
        );
        put(buffer, area.x, y, &line, area.width, theme.text());
        if live + i == state.system.selected {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.selected());
        }
    }
}
