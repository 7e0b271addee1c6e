//! Opening overlays.

use super::form::{Form, changed};
use super::{Choose, Item, Overlay, Purpose};
use crate::action::{ACTIONS, Place};
use crate::effect::Effect;
use crate::state::{State, View};
use crate::views::runs::column::Column;
use crate::views::runs::rows::Grouping;
use crate::widgets::text;

fn open_form(state: &mut State, mut form: Form, effects: &mut Vec<Effect>) {
    changed(&mut form, state, effects, true);
    state.overlay = Some(Overlay::Form(form));
}

fn open_list(state: &mut State, purpose: Purpose, title: &str, items: Vec<Item>, several: bool) {
    state.overlay = Some(Overlay::Choose(Choose::new(purpose, title, items, several)));
}

fn items(values: impl IntoIterator<Item = String>, picked: &[String]) -> Vec<Item> {
    let mut items: Vec<Item> = picked
        .iter()
        .map(|value| Item {
            value: value.clone(),
            picked: true,
            ..Item::default()
        })
        .collect();
    let rest = values.into_iter().filter(|v| !picked.contains(v));
    items.extend(rest.map(|value| Item {
        value,
        ..Item::default()
    }));
    items
}

/// Asks which runs to show.
pub fn open_filter(state: &mut State, effects: &mut Vec<Effect>) {
    let text = state.filter.text().to_owned();
    let hint = "such as: otter · status:running · params.n_layers >= 3 · eval/psnr.best > 20 · created < 2d · tag:x or not model:cyclegan";
    open_form(
        state,
        Form::single(Purpose::Filter, "Filter", &text, hint),
        effects,
    );
}

/// Asks what to group by.
pub fn open_group_by(state: &mut State) {
    let text = match &state.table.grouping {
        Grouping::By(names) => names.join(","),
        _ => String::new(),
    };
    let hint = "settings, factors or tags with commas between; nothing: all but the seed";
    let mut form = Form::single(Purpose::GroupBy, "Group by", &text, hint);
    changed(&mut form, state, &mut Vec::new(), true);
    state.overlay = Some(Overlay::Form(form));
}

/// Asks which columns the table has.
pub fn open_columns(state: &mut State) {
    let picked: Vec<String> = state.table.columns.iter().map(ToString::to_string).collect();
    let items = items(Column::all(&state.runs), &picked);
    open_list(
        state,
        Purpose::Columns,
        "Columns (none: what suits the runs)",
        items,
        true,
    );
}

/// Asks what to sort by.
pub fn open_sort(state: &mut State) {
    let mut keys = vec!["name".to_owned(), "created".to_owned()];
    keys.extend(
        Column::all(&state.runs)
            .into_iter()
            .filter(|k| k != "progress" && k != "eta" && k != "created"),
    );
    let now = state.table.sort.trim_start_matches('-').to_owned();
    let items = items(keys, &[now]);
    open_list(state, Purpose::SortBy, "Sort by", items, false);
}

/// Asks for the selected run's note.
pub fn open_note(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(run) = state.selected() {
        let form = Form::single(
            Purpose::Note,
            format!("Note about {}", run.name),
            &run.note.clone(),
            "",
        );
        open_form(state, form, effects);
    }
}

/// Asks for the tags of the marked runs, or of the selected one.
pub fn open_tags(state: &mut State, effects: &mut Vec<Effect>) {
    let runs = state.acted_on();
    let (title, hint) = match runs.as_slice() {
        [] => return,
        [one] => (format!("Tags of {}", one.name), "with spaces between"),
        several => (
            format!("Tags of {} marked runs", several.len()),
            "those that all of them have, with spaces between; what only some have stays",
        ),
    };
    let text = super::accept::common_tags(&runs).join(" ");
    open_form(state, Form::single(Purpose::Tags, title, &text, hint), effects);
}

/// Asks for an experiment file.
pub fn open_launch(state: &mut State, effects: &mut Vec<Effect>) {
    effects.push(Effect::FindExperiments);
    let form = Form::new(
        Purpose::Launch,
        "Launch an experiment",
        vec![("file", ""), ("changes", ""), ("name", "")],
        "tab completes the file; changes are KEY=VALUE with spaces between",
    );
    open_form(state, form, effects);
}

/// Asks from where a fork goes on.
pub fn open_fork(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(run) = state.selected() {
        let form = Form::new(
            Purpose::Fork,
            format!("Fork {}", run.name),
            vec![("at", "latest"), ("changes", ""), ("name", "")],
            "at: the step of a checkpoint, latest or best; changes are KEY=VALUE with spaces between; without a name it is called after \
             its parent",
        );
        open_form(state, form, effects);
    }
}

/// Asks for the file to export to.
pub fn open_export(state: &mut State, effects: &mut Vec<Effect>) {
    let (name, hint) = match state.view {
        View::Runs => (
            "runs.csv",
            "CSV: the listed runs with the columns shown; also .tex, .md",
        ),
        View::Charts => (
            "figure.svg",
            "SVG, PNG, PDF, CSV or LaTeX (.tex): the curves as they are shown",
        ),
        View::Images => ("images.png", "PNG, SVG or PDF: the images as they are shown"),
        View::Ablation => (
            "ablation.tex",
            "LaTeX (.tex), CSV or Markdown (.md): the table; SVG, PNG or PDF: a figure",
        ),
        View::System => ("queue.csv", "CSV: live and queued runs"),
    };
    open_form(
        state,
        Form::single(Purpose::Export, "Export to", name, hint),
        effects,
    );
}

/// Lists every action.
pub fn open_palette(state: &mut State) {
    let here = state.place();
    let reachable = |places: &[Place]| places.contains(&here) || places.contains(&Place::Anywhere);
    let mut entries: Vec<(bool, Item)> = ACTIONS
        .iter()
        .filter(|i| !i.places.contains(&Place::Input))
        .map(|info| {
            let place = info
                .places
                .iter()
                .copied()
                .find(|p| *p == here)
                .unwrap_or(info.places[0]);
            let away = if reachable(info.places) {
                String::new()
            } else {
                format!("{}: ", place.title())
            };
            let item = Item {
                value: info.id.to_owned(),
                keys: state.keymap.text(place, info.action),
                note: format!("{away}{}", info.doc),
                picked: false,
            };
            (!reachable(info.places), item)
        })
        .collect();
    entries.sort_by_key(|(away, _)| *away);
    let items = entries.into_iter().map(|(_, item)| item).collect();
    open_list(state, Purpose::Palette, "Do", items, false);
}

/// Asks which metrics charts show.
pub fn open_metrics(state: &mut State) {
    let picked: Vec<String> = crate::views::charts::metrics(state)
        .iter()
        .map(ToString::to_string)
        .collect();
    let known: Vec<String> = state.runs.metrics().iter().map(ToString::to_string).collect();
    let items = items(known, &picked);
    open_list(state, Purpose::Metrics, "Metrics", items, true);
}

/// Asks which rows images have.
pub fn open_roles(state: &mut State) {
    let picked = crate::views::images::roles(state);
    let items = items(crate::views::images::all_roles(state), &picked);
    open_list(state, Purpose::Roles, "Rows of images", items, true);
}

/// Asks what the ablation's rows (or columns) are.
pub fn open_rows_or_columns(state: &mut State, rows: bool) {
    let now = if rows {
        &state.ablation.rows
    } else {
        &state.ablation.cols
    };
    let factors = crate::views::ablation::factors_at_hand(state);
    let mut items: Vec<Item> = factors
        .into_iter()
        .map(|(value, levels)| Item {
            note: text::count(levels, "level"),
            picked: now.as_ref() == Some(&value),
            value,
            ..Item::default()
        })
        .collect();
    if !rows {
        let none = Item {
            value: "-".into(),
            picked: state.ablation.no_cols,
            ..Item::default()
        };
        items.insert(0, none);
    }
    let (purpose, title) = if rows {
        (Purpose::Rows, "Rows")
    } else {
        (Purpose::Cols, "Columns (-: none)")
    };
    open_list(state, purpose, title, items, false);
}

/// Asks for the ablation's metric.
pub fn open_measure(state: &mut State) {
    let mut all = Vec::new();
    for key in state.runs.metrics() {
        all.push(format!("{key}.last"));
        if key.has_better_end() {
            all.push(format!("{key}.best"));
        }
    }
    let picked: Vec<String> = state.ablation.measure.iter().cloned().collect();
    let items = items(all, &picked);
    open_list(state, Purpose::Measure, "Metric", items, false);
}
