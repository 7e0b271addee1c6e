//! What a run's details say: the lines of each tab.

use std::collections::HashMap;

use diptych_domain::compare::varying;
use diptych_domain::spec::keys;
use diptych_domain::{ExperimentSpec, LogLevel, MetricKey, ParamValue, Params, RunId, RunSummary, human};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::column;
use crate::effect::RunPage;
use crate::state::State;
use crate::theme::{Theme, glyph};
use crate::widgets::text;

/// Columns of the keys.
const KEY: usize = 18;

/// A part of the details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Status, progress, note, lineage, the latest of everything.
    #[default]
    Overview,
    /// The experiment.
    Settings,
    /// Every metric.
    Metrics,
    /// Events, checkpoints, forks.
    History,
    /// Environment.
    Machine,
    /// The log.
    Log,
}

impl Tab {
    /// In order.
    pub const ALL: [Self; 6] = [
        Self::Overview,
        Self::Settings,
        Self::Metrics,
        Self::History,
        Self::Machine,
        Self::Log,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Settings => "settings",
            Self::Metrics => "metrics",
            Self::History => "history",
            Self::Machine => "machine",
            Self::Log => "log",
        }
    }

    /// The one beside it.
    pub fn beside(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|t| *t == self).unwrap_or(0) as isize;
        Self::ALL[(at + by).rem_euclid(Self::ALL.len() as isize) as usize]
    }
}

/// What is known of the details.
#[derive(Clone, Debug, Default)]
pub struct DetailsState {
    /// The open tab.
    pub tab: Tab,
    /// Lines above the first one shown; nothing: the tab's own idea, which is the end of a log.
    pub scroll: Option<usize>,
    /// The run whose page has been asked for last.
    pub asked: Option<RunId>,
    /// The page, of which run.
    pub page: Option<(RunId, Result<Box<RunPage>, String>)>,
    /// Hyperparameters' defaults by model.
    pub defaults: HashMap<String, Params>,
}

/// The lines of a tab, and which of them are differences to jump to.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// What it says.
    pub lines: Vec<Line<'static>>,
    /// Lines that differ from defaults or from other marked runs.
    pub differences: Vec<usize>,
}

impl Content {
    fn line(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push(Line::from(spans));
    }

    fn heading(&mut self, title: &str, theme: Theme) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.line(vec![Span::styled(title.to_owned(), theme.heading())]);
    }

    fn pair(&mut self, key: &str, value: &str, width: usize, theme: Theme, style: Style) {
        self.wide_pair(key, KEY, value, width, theme, style);
    }

    /// A pair whose key has so many columns.
    fn wide_pair(
        &mut self,
        key: &str,
        columns: usize,
        value: &str,
        width: usize,
        theme: Theme,
        style: Style,
    ) {
        let lines = text::wrap(value, width.saturating_sub(columns + 3));
        for (i, line) in lines.into_iter().enumerate() {
            let key = if i == 0 { key } else { "" };
            self.line(vec![
                Span::styled(format!("  {} ", text::left(key, columns)), theme.dim()),
                Span::styled(line, style),
            ]);
        }
    }
}

/// The lines of the open tab for a run.
pub fn content(state: &State, run: &RunSummary, width: usize) -> Content {
    let mut out = Content::default();
    let page = state.table.details.page.as_ref().filter(|(id, _)| *id == run.id);
    let page = match page {
        Some((_, Ok(page))) => Some(page.as_ref()),
        Some((_, Err(problem))) => {
            for line in text::wrap(problem, width) {
                out.line(vec![Span::styled(line, state.theme.bad())]);
            }
            None
        }
        None => None,
    };
    match state.table.details.tab {
        Tab::Overview => overview(state, run, page, width, &mut out),
        Tab::Settings => settings(state, run, width, &mut out),
        Tab::Metrics => metrics(state, run, &mut out),
        Tab::History => history(state, page, width, &mut out),
        Tab::Machine => machine(state, page, width, &mut out),
        Tab::Log => log(state, page, width, &mut out),
    }
    if page.is_none() && out.lines.is_empty() {
        out.line(vec![Span::styled("reading…", state.theme.dim())]);
    }
    out
}

fn overview(state: &State, run: &RunSummary, page: Option<&RunPage>, width: usize, out: &mut Content) {
    let theme = state.theme;
    let plain = theme.text();
    let status = format!("{} {}", glyph(run.status), run.status);
    out.pair("status", &status, width, theme, theme.status(run.status));
    if let Some(message) = &run.message {
        out.pair("", message, width, theme, theme.bad());
    }
    let steps = format!(
        "step {} of {} · epoch {} of {}",
        run.step,
        run.total_steps,
        run.epoch,
        run.spec.optim.total_epochs()
    );
    out.pair(
        "progress",
        &format!("{} {steps}", text::bar(column::part(run), 8)),
        width,
        theme,
        plain,
    );
    if let Some(left) = state.runs.to_go(run) {
        out.pair("to go", &human::duration(left), width, theme, plain);
    }
    out.pair("model", &run.model, width, theme, plain);
    out.pair("data", &run.spec.data.root, width, theme, plain);
    let ages = format!(
        "created {}, last heard of {}",
        human::ago(run.created, state.now),
        human::ago(run.updated, state.now)
    );
    out.pair("age", &ages, width, theme, plain);
    out.pair("device", &run.device, width, theme, plain);
    if !run.tags.is_empty() {
        out.pair("tags", &run.tags.join(" "), width, theme, plain);
    }
    if !run.note.is_empty() {
        out.pair("note", &run.note, width, theme, plain);
    }
    if let Some(parent) = &run.parent {
        out.pair("forked from", &parent.to_string(), width, theme, plain);
    }
    for cell in &run.cells {
        out.pair(
            "sweep",
            &format!("{}: {}", cell.sweep, diptych_domain::cell::label(&cell.factors)),
            width,
            theme,
            plain,
        );
    }
    out.pair("id", run.id.as_str(), width, theme, theme.dim());
    if let Some(page) = page {
        for fork in &page.details.forks {
            out.pair(
                "fork",
                &format!("{} at step {}", fork.name, fork.step),
                width,
                theme,
                plain,
            );
        }
        if page.details.stop_requested {
            out.pair("", "asked to stop", width, theme, theme.warn());
        }
    }
    let telling: Vec<_> = run
        .metrics
        .iter()
        .filter(|(k, _)| k.as_str().starts_with("eval/"))
        .collect();
    if !telling.is_empty() {
        out.heading("Evaluation", theme);
        let name = |key: &MetricKey| key.as_str().trim_start_matches("eval/").to_owned();
        let widest = telling.iter().map(|(k, _)| text::width(&name(k))).max();
        // Names of measures end in what tells them apart.
        let columns = widest.unwrap_or(0).clamp(KEY, (width * 3 / 5).max(KEY));
        for (key, m) in telling {
            out.wide_pair(
                &text::shorten(&name(key), columns),
                columns,
                &format!("{} best {}", human::number(m.last), human::number(m.best)),
                width,
                theme,
                plain,
            );
        }
    }
    if let Some(page) = page {
        health(state, page, width, out);
    }
    if let Some(page) = page.filter(|p| !p.log.is_empty()) {
        out.heading("Log", theme);
        for line in page.log.iter().rev().take(3).rev() {
            log_line(state, line, width, out);
        }
    }
}

/// Alarms that an overview tells; the history has all.
const ALARMS: usize = 2;

/// The latest alarms, without the numbers that raised them.
fn health(state: &State, page: &RunPage, width: usize, out: &mut Content) {
    let theme = state.theme;
    let is_alarm = |kind: &str| matches!(kind, "health" | "rolled_back");
    let alarms: Vec<_> = page.events.iter().filter(|e| is_alarm(&e.kind)).collect();
    if alarms.is_empty() {
        return;
    }
    out.heading("Health", theme);
    for event in alarms.iter().rev().take(ALARMS) {
        let detail = event.detail.as_deref().unwrap_or_default();
        let short = detail.split(" (").next().unwrap_or(detail);
        let text = format!("step {}: {short}", event.step);
        let ago = human::ago(event.wall, state.now);
        out.pair(&ago, &text, width, theme, theme.warn());
    }
    let earlier = alarms.len().saturating_sub(ALARMS);
    if earlier > 0 {
        let text = format!("{earlier} earlier: see history");
        out.pair("", &text, width, theme, theme.dim());
    }
}

fn settings(state: &State, run: &RunSummary, width: usize, out: &mut Content) {
    let theme = state.theme;
    let others: Vec<&RunSummary> = state.marked().into_iter().filter(|r| r.id != run.id).collect();
    let mut compared = vec![run];
    compared.extend(&others);
    let differing = varying(&compared);
    let defaults = state.table.details.defaults.get(&run.model);
    let plain = default_spec(&run.model);
    let names = run.spec.params.keys().map(|k| format!("params.{k}"));
    let mut all: Vec<String> = keys::KEYS.iter().map(|k| k.key.to_owned()).collect();
    let at = all
        .iter()
        .position(|k| k.starts_with("optim."))
        .unwrap_or(all.len());
    all.splice(at..at, names);
    let legend = if others.is_empty() {
        "* changed from the default".to_owned()
    } else {
        format!(
            "* changed from the default   ≠ differs from {} other marked",
            others.len()
        )
    };
    out.line(vec![Span::styled(legend, theme.dim())]);
    for key in all {
        let Some(value) = keys::value(&run.spec, &key) else {
            continue;
        };
        // An experiment without a name has none to show.
        if key == "name" && shown(&value) == "\"\"" {
            continue;
        }
        let default = default_of(&key, defaults, plain.as_ref());
        let changed = default.as_ref().is_some_and(|d| *d != value)
            && !matches!(key.as_str(), "model" | "name" | "data.root");
        let other = differing.iter().find(|s| s.key == key);
        let sign = match (other.is_some(), changed) {
            (true, _) => "≠",
            (false, true) => "*",
            _ => " ",
        };
        if other.is_some() || changed {
            out.differences.push(out.lines.len());
        }
        let style = match sign {
            "≠" => theme.marked(),
            "*" => theme.heading(),
            _ => theme.text(),
        };
        let mut text = shown(&value);
        if let Some(default) = default.filter(|_| changed) {
            text += &format!("  (default {})", shown(&default));
        }
        if let Some(setting) = other {
            let mut theirs: Vec<String> = setting.values[1..]
                .iter()
                .map(|v| v.as_ref().map_or("-".into(), shown))
                .collect();
            theirs.dedup();
            text += &format!("  others {}", text::cut(&theirs.join(", "), 40));
        }
        let text = text::cut(&text, width.saturating_sub(KEY + 7));
        out.line(vec![
            Span::styled(format!("{sign} "), style),
            Span::styled(format!("{} ", text::left(&key, KEY + 4)), theme.dim()),
            Span::styled(text, style),
        ]);
    }
}

fn default_spec(model: &str) -> Option<ExperimentSpec> {
    serde_json::from_value(serde_json::json!({ "model": model })).ok()
}

fn default_of(key: &str, params: Option<&Params>, plain: Option<&ExperimentSpec>) -> Option<ParamValue> {
    match key.strip_prefix("params.") {
        Some(name) => params?.get(name).cloned(),
        None => keys::value(plain?, key),
    }
}

fn shown(value: &ParamValue) -> String {
    match value {
        ParamValue::Text(text) if text.is_empty() => "\"\"".into(),
        ParamValue::Float(v) if v.fract() != 0.0 && v.abs() < 1e-2 => format!("{v:e}"),
        other => other.to_string(),
    }
}

fn metrics(state: &State, run: &RunSummary, out: &mut Content) {
    let theme = state.theme;
    let head = format!(
        "  {:24} {:>10} {:>10} {:>10} {:>9}",
        "", "last", "best/min", "max", "step"
    );
    out.line(vec![Span::styled(head, theme.dim())]);
    for (key, m) in &run.metrics {
        let best = if key.has_better_end() {
            human::number(m.best)
        } else {
            human::number(m.min)
        };
        out.line(vec![
            Span::styled(
                format!("  {} ", text::left(&text::shorten(key.as_str(), 24), 24)),
                theme.dim(),
            ),
            Span::raw(format!(
                "{:>10} {best:>10} {:>10} {:>9}",
                human::number(m.last),
                human::number(m.max),
                m.step
            )),
        ]);
    }
    if run.metrics.is_empty() {
        out.line(vec![Span::styled("  nothing has been measured yet", theme.dim())]);
    }
}

fn history(state: &State, page: Option<&RunPage>, width: usize, out: &mut Content) {
    let theme = state.theme;
    let Some(page) = page else { return };
    out.heading("Checkpoints", theme);
    if page.checkpoints.is_empty() {
        out.line(vec![Span::styled("  none yet", theme.dim())]);
    }
    for c in &page.checkpoints {
        let score = c
            .score
            .map_or(String::new(), |s| format!(" · score {}", human::number(s)));
        let text = format!(
            "{} · epoch {} · {}{score} · {}",
            c.kind.as_str(),
            c.epoch,
            human::bytes(c.bytes),
            human::ago(c.wall, state.now)
        );
        out.pair(&format!("step {}", c.step), &text, width, theme, theme.text());
    }
    out.heading("Events", theme);
    for e in page.events.iter().rev() {
        let style = match e.kind.as_str() {
            "failed" | "diverged" | "crashed" => theme.bad(),
            "health" | "rolled_back" | "rewound" => theme.warn(),
            _ => theme.text(),
        };
        // Who claimed it is machine-readable, and of no interest here.
        let detail = e
            .detail
            .as_deref()
            .filter(|d| !d.starts_with('{'))
            .unwrap_or_default();
        let text = format!("{} at step {} {detail}", e.kind.replace('_', " "), e.step);
        out.pair(
            &human::ago(e.wall, state.now),
            text.trim_end(),
            width,
            theme,
            style,
        );
    }
}

fn machine(state: &State, page: Option<&RunPage>, width: usize, out: &mut Content) {
    let Some(page) = page else { return };
    let theme = state.theme;
    if let Some(owner) = &page.details.owner {
        let text = format!(
            "process {} on {}, heard of {}",
            owner.pid,
            owner.host,
            human::ago(page.details.heartbeat, state.now)
        );
        out.pair("trained by", &text, width, theme, theme.text());
    }
    for (key, value) in &page.environment {
        let value = match (key.as_str(), value.parse::<u64>()) {
            ("memory", Ok(bytes)) => human::bytes(bytes),
            _ => value.clone(),
        };
        out.pair(key, &value, width, theme, theme.text());
    }
    out.pair(
        "folder",
        &page.folder.display().to_string(),
        width,
        theme,
        theme.text(),
    );
    out.pair("spec hash", &page.details.spec_hash, width, theme, theme.dim());
}

fn log(state: &State, page: Option<&RunPage>, width: usize, out: &mut Content) {
    let Some(page) = page else { return };
    if page.log.is_empty() {
        out.line(vec![Span::styled("the log is empty", state.theme.dim())]);
    }
    for line in &page.log {
        log_line(state, line, width, out);
    }
}

fn log_line(state: &State, line: &diptych_store::LogLine, width: usize, out: &mut Content) {
    let theme = state.theme;
    let style = match line.level {
        LogLevel::Error => theme.bad(),
        LogLevel::Warn => theme.warn(),
        LogLevel::Info => theme.text(),
    };
    let age = text::right(&human::ago(line.wall, state.now), 8);
    for (i, part) in text::wrap(&line.message, width.saturating_sub(11))
        .into_iter()
        .enumerate()
    {
        let age = if i == 0 { age.clone() } else { " ".repeat(8) };
        out.line(vec![
            Span::styled(format!("{age}  "), theme.dim()),
            Span::styled(part, style),
        ]);
    }
}
