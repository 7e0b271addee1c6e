//! What a view is exported as.

use std::path::{Path, PathBuf};

use diptych_domain::query::{Field, FieldValue};
use diptych_domain::{RunId, RunSummary};
use diptych_plots::FigureSpec;
use diptych_plots::export::Form;
use diptych_plots::spec::{Kind, Panels};

use crate::state::runs::RunStore;
use crate::state::{State, View};
use crate::views;
use crate::views::runs::column::Column;

/// A file to be written.
#[derive(Clone, Debug)]
pub struct Export {
    /// Where.
    pub path: PathBuf,
    /// Whether a file of that name may be replaced.
    pub replace: bool,
    /// What.
    pub content: Content,
}

/// What a file is to hold.
#[derive(Clone, Debug)]
pub enum Content {
    /// A figure over these runs.
    Figure {
        /// The figure.
        spec: Box<FigureSpec>,
        /// The runs.
        runs: Vec<RunSummary>,
        /// The form.
        form: Form,
    },
    /// An ablation table over these runs, as `compare` writes it.
    Table {
        /// The runs.
        runs: Vec<RunSummary>,
        /// The factors.
        by: Vec<String>,
        /// The metric.
        metric: String,
        /// The baseline.
        against: Option<String>,
        /// The file's ending: `tex`, `csv`, `md`, `json`.
        form: String,
    },
    /// Text as it is.
    Text(String),
}

/// The present view as a file of that name.
///
/// # Errors
/// An ending that this view has no form for, or nothing to export.
pub fn of_view(state: &State, name: &str) -> Result<Export, String> {
    if name.is_empty() {
        return Err("which file?".into());
    }
    let path = PathBuf::from(name);
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let content = match state.view {
        View::Runs => Content::Text(rows(state, &ending)?),
        View::System => Content::Text(queue(state, &ending)?),
        View::Charts => charts(state, &path)?,
        View::Images => images(state, &path)?,
        View::Ablation => ablation(state, &path, &ending)?,
    };
    Ok(Export {
        path,
        replace: false,
        content,
    })
}

fn charts(state: &State, path: &Path) -> Result<Content, String> {
    let form = Form::of_file(path)?;
    let options = &state.charts.options;
    let runs: Vec<RunSummary> = views::charts::runs(state).into_iter().cloned().collect();
    let mut spec = FigureSpec::new(Kind::Curves);
    spec.runs = ids(&runs);
    spec.metrics = views::charts::metrics(state)
        .iter()
        .map(ToString::to_string)
        .collect();
    spec.x = options.axis;
    spec.smoothing = options.smoothing;
    spec.log_y = options.log_y;
    spec.panels = if options.multiples {
        Panels::Metric
    } else {
        Panels::None
    };
    if options.bands {
        spec.by = varying_factors(state, &runs);
    }
    if let Some((from, to)) = state.charts.zoom {
        (spec.x_min, spec.x_max) = (Some(from), Some(to));
    }
    figure(spec, runs, form)
}

/// What tells groups of seeds apart.
fn varying_factors(state: &State, runs: &[RunSummary]) -> Vec<String> {
    let indices: Vec<usize> = runs.iter().filter_map(|r| state.runs.index(&r.id)).collect();
    let mut factors: Vec<String> = state.runs.varying(&indices);
    factors.retain(|k| !matches!(k.as_str(), "seed" | "name" | "data.workers") && !k.starts_with("log."));
    if factors.is_empty() {
        factors.push("model".into());
    }
    factors
}

fn images(state: &State, path: &Path) -> Result<Content, String> {
    let form = Form::of_file(path)?;
    if matches!(form, Form::Csv | Form::Latex) {
        return Err("images have no numbers: expected svg, png or pdf".into());
    }
    let runs: Vec<RunSummary> = views::images::in_sight(state).into_iter().cloned().collect();
    let mut spec = FigureSpec::new(Kind::Images);
    spec.runs = ids(&runs);
    spec.probes = vec![state.images.probe];
    spec.roles = views::images::roles(state);
    spec.steps = state.images.step.into_iter().collect();
    figure(spec, runs, form)
}

fn ablation(state: &State, path: &Path, ending: &str) -> Result<Content, String> {
    let Some(Ok(grid)) = &state.ablation.grid else {
        return Err("there is no table to export".into());
    };
    let runs: Vec<RunSummary> = state
        .runs
        .all()
        .iter()
        .filter(|r| state.filter.shows(r, state.now))
        .cloned()
        .collect();
    let by: Vec<String> = std::iter::once(grid.row_factor.to_string())
        .chain(grid.col_factor.as_ref().map(ToString::to_string))
        .collect();
    let against = state.ablation.baseline.as_ref().map(|(row, col)| {
        let mut text = format!("{}={row}", by[0]);
        if let Some(name) = by.get(1) {
            text += &format!(",{name}={col}");
        }
        text
    });
    if matches!(ending, "tex" | "csv" | "md" | "json") {
        return Ok(Content::Table {
            runs,
            by,
            metric: grid.measure.clone(),
            against,
            form: ending.to_owned(),
        });
    }
    let form = Form::of_file(path).map_err(|e| format!("{e}; a table also as md or json"))?;
    let mut spec = FigureSpec::new(Kind::Ablation);
    spec.query = Some(state.filter.text().to_owned()).filter(|q| !q.is_empty());
    (spec.metrics, spec.by, spec.against) = (vec![grid.measure.clone()], by, against);
    figure(spec, runs, form)
}

fn figure(spec: FigureSpec, runs: Vec<RunSummary>, form: Form) -> Result<Content, String> {
    if runs.is_empty() {
        return Err("no run is shown".into());
    }
    spec.check().map_err(|e| e.to_string())?;
    Ok(Content::Figure {
        spec: Box::new(spec),
        runs,
        form,
    })
}

fn ids(runs: &[RunSummary]) -> Vec<String> {
    runs.iter().map(|r| r.id.to_string()).collect()
}

/// The listed runs with the columns of the table: for programs with every figure, for a page as they are read.
fn rows(state: &State, ending: &str) -> Result<String, String> {
    let printed = matches!(ending, "tex" | "md");
    // How far a run has come is of no use on paper.
    let moving = |c: &Column| matches!(c, Column::Progress | Column::Eta);
    let columns = state.table.columns.iter().filter(|c| !(printed && moving(c)));
    let columns: Vec<&Column> = columns.collect();
    let mut table = vec![vec!["name".to_owned()]];
    table[0].extend(columns.iter().map(ToString::to_string));
    for at in &state.table.shown {
        let run = &state.runs.all()[*at];
        let mut row = vec![run.name.clone()];
        row.extend(columns.iter().map(|column| match column {
            Column::Field(Field::Metric(..)) if printed => column.cell(run, &state.runs, state.now),
            column => plain(column, run, &state.runs, state.now),
        }));
        table.push(row);
    }
    let mut right = vec![false];
    right.extend(columns.iter().map(|c| c.leans_right()));
    written(&table, &right, ending)
}

/// A cell without bars and glyphs.
fn plain(column: &Column, run: &RunSummary, all: &RunStore, now: f64) -> String {
    match column {
        Column::Progress => format!("{:.3}", views::runs::column::part(run)),
        Column::Eta => all.to_go(run).map_or_else(String::new, |s| format!("{s:.0}")),
        Column::Field(Field::Status) => run.status.to_string(),
        Column::Field(Field::Created) => time(run.created),
        Column::Field(Field::Updated) => time(run.updated),
        Column::Field(Field::Id) => run.id.to_string(),
        Column::Field(field) => match field.value(run) {
            Some(FieldValue::Number(v)) => number(v),
            _ => column.cell(run, all, now),
        },
    }
}

/// `2026-11-25T14:03:09Z`.
fn time(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds as i64).map_or_else(|_| String::new(), |t| t.to_string())
}

/// Seven figures: as many as single precision, in which everything is computed, has.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(value);
    rounded.to_string()
}

fn queue(state: &State, ending: &str) -> Result<String, String> {
    let mut table = vec![
        ["name", "id", "status", "step", "total_steps", "device"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for run in state.system.lines(&state.runs) {
        table.push(vec![
            run.name.clone(),
            RunId::to_string(&run.id),
            run.status.to_string(),
            run.step.to_string(),
            run.total_steps.to_string(),
            run.device.clone(),
        ]);
    }
    written(&table, &[false, false, false, true, true, false], ending)
}

/// The table in the form of an ending; `right` says which columns lean right, where the form can.
fn written(table: &[Vec<String>], right: &[bool], ending: &str) -> Result<String, String> {
    let quoted = |cell: &String| {
        if cell.contains([',', '"', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    let escaped = |cell: &String| {
        let mut out = String::new();
        for c in cell.chars() {
            match c {
                '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
                '\\' => out.push_str("\\textbackslash{}"),
                '~' => out.push_str("\\textasciitilde{}"),
                '^' => out.push_str("\\textasciicircum{}"),
                c => out.push(c),
            }
        }
        out
    };
    let joined = |cells: Vec<String>, by: &str| cells.join(by);
    let mut out = String::new();
    match ending {
        "csv" => {
            for row in table {
                out += &joined(row.iter().map(quoted).collect(), ",");
                out.push('\n');
            }
        }
        "md" => {
            for (i, row) in table.iter().enumerate() {
                let cells: Vec<String> = row.iter().map(|c| c.replace('|', "\\|")).collect();
                out += &format!("| {} |\n", cells.join(" | "));
                if i == 0 {
                    let rules = right.iter().map(|r| if *r { " ---: |" } else { " --- |" });
                    out += &format!("|{}\n", rules.collect::<String>());
                }
            }
        }
        "tex" => {
            let columns: String = right.iter().map(|r| if *r { 'r' } else { 'l' }).collect();
            out += &format!("% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n");
            for (i, row) in table.iter().enumerate() {
                out += &joined(row.iter().map(escaped).collect(), " & ");
                out += " \\\\\n";
                if i == 0 {
                    out += "\\midrule\n";
                }
            }
            out += "\\bottomrule\n\\end{tabular}\n";
        }
        other => return Err(format!("unknown format `{other}`: expected csv, md or tex")),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {

    #[test]
    fn tables_are_quoted_as_their_format_wants() {
        let table = vec![
            vec!["a_b".to_owned(), "c".to_owned()],
            vec!["1,2".to_owned(), "x|y".to_owned()],
        ];
        let right = [false, true];
        let written = |table, ending| super::written(table, &right, ending);
        assert_eq!(written(&table, "csv").unwrap(), "a_b,c\n\"1,2\",x|y\n");
        assert!(written(&table, "md").unwrap().contains("| 1,2 | x\\|y |"));
        assert!(
            written(&table, "tex")
                .unwrap()
                .contains("{lr}\n\\toprule\na\\_b & c \\\\\n\\midrule")
        );
        assert!(written(&table, "md").unwrap().contains("| --- | ---: |"));
        assert!(written(&table, "xls").is_err());
    }
}
