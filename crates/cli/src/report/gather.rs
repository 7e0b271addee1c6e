//! What a report holds, read from the store.

use std::collections::{BTreeMap, BTreeSet};

use diptych_domain::compare::{Column, Factor, Setting, varying};
use diptych_domain::{MetricKey, RunSummary};
use diptych_plots::FigureSpec;
use diptych_plots::spec::{Kind, XAxis};

use super::films::{self, Films};
use super::spec::ReportSpec;
use crate::environment::VERSION;
use crate::failure::Failure;
use crate::figures::{self, Drawn};
use crate::session::Session;

/// Metrics in the table of runs.
const MOST_METRICS: usize = 6;

/// Something of a run's history that a reader should know.
pub struct Event {
    /// The run's name.
    pub run: String,
    /// The step.
    pub step: u64,
    /// What.
    pub text: String,
}

/// How one run was made.
pub struct Origin {
    /// The run's name.
    pub run: String,
    /// Facts by name.
    pub facts: Vec<(&'static str, String)>,
    /// The resolved experiment as a file.
    pub experiment: String,
}

/// A report before it is written.
pub struct Report {
    /// What was asked for.
    pub spec: ReportSpec,
    /// Its title.
    pub title: String,
    /// Its runs, newest first.
    pub runs: Vec<RunSummary>,
    /// The settings that differ between them.
    pub settings: Vec<Setting>,
    /// The metrics of its tables.
    pub columns: Vec<Column>,
    /// What its tables group by.
    pub factors: Vec<Factor>,
    /// Its figures, and why others could not be drawn.
    pub figures: Vec<Result<Drawn, String>>,
    /// Its pictures.
    pub films: Films,
    /// What happened.
    pub events: Vec<Event>,
    /// How each run was made.
    pub origins: Vec<Origin>,
    /// What wrote it.
    pub generator: String,
}

/// Reads a report; with its images only where `images` asks for them.
pub fn gather(session: &Session, spec: ReportSpec, images: bool) -> Result<Report, Failure> {
    let mut whole = FigureSpec::new(Kind::Curves);
    (whole.runs, whole.query) = (spec.runs.clone(), spec.query.clone());
    let runs = figures::runs(session, &whole)?;
    let refs: Vec<&RunSummary> = runs.iter().collect();
    let settings: Vec<Setting> = varying(&refs).into_iter().filter(|s| s.key != "name").collect();
    let columns = columns(&spec, &runs)?;
    let factors = factors(&spec, &runs)?;
    let own = spec.figures.is_some();
    let wanted = spec
        .figures
        .clone()
        .unwrap_or_else(|| suited(&spec, &runs, &columns, &factors, &settings));
    let mut drawn = Vec::new();
    for figure in wanted {
        let figure = grouped(figure, &factors);
        let one = figures::runs(session, &figure).and_then(|runs| figures::draw(session, figure, runs));
        match one {
            Ok(figure) => drawn.push(Ok(figure)),
            // What was asked for by name and cannot be drawn is said; what was only thought to suit is not.
            Err(e) if own => drawn.push(Err(e.to_string())),
            Err(_) => {}
        }
    }
    let mut events = Vec::new();
    let mut origins = Vec::new();
    for run in &runs {
        for event in session.wait(session.home.events(&run.id))? {
            let told = matches!(
                event.kind.as_str(),
                "health" | "rolled_back" | "diverged" | "failed" | "crashed"
            );
            if let (true, Some(text)) = (told, event.detail) {
                events.push(Event {
                    run: run.name.clone(),
                    step: event.step,
                    text: if event.kind == "health" {
                        text
                    } else {
                        format!("{}: {text}", event.kind)
                    },
                });
            }
        }
        origins.push(origin(run, &session.wait(session.home.environment(&run.id))?)?);
    }
    let films = if images {
        films::make(session, &spec, &runs)?
    } else {
        Films::default()
    };
    let title = spec
        .title
        .clone()
        .unwrap_or_else(|| match (&spec.query, runs.as_slice()) {
            (_, [one]) => one.name.clone(),
            (Some(query), _) if !query.is_empty() => query.clone(),
            (_, few) if !spec.runs.is_empty() && few.len() <= 4 => {
                few.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => "Runs".into(),
        });
    Ok(Report {
        spec,
        title,
        settings,
        columns,
        factors,
        figures: drawn,
        films,
        events,
        origins,
        generator: format!("diptych {VERSION}"),
        runs,
    })
}

fn columns(spec: &ReportSpec, runs: &[RunSummary]) -> Result<Vec<Column>, Failure> {
    let parse =
        |text: &str| Column::parse(text, runs).map_err(|e| Failure::usage(format!("metrics {text}: {e}")));
    if !spec.metrics.is_empty() {
        return spec.metrics.iter().map(|m| parse(m)).collect();
    }
    let keys: BTreeSet<&MetricKey> = runs.iter().flat_map(|r| r.metrics.keys()).collect();
    for group in ["eval/", "loss/"] {
        let found: Vec<&str> = keys
            .iter()
            .map(|k| k.as_str())
            .filter(|k| k.starts_with(group))
            .take(MOST_METRICS)
            .collect();
        if !found.is_empty() {
            return found.into_iter().map(parse).collect();
        }
    }
    Ok(Vec::new())
}

/// What is grouped by: what the spec says, or the factors of a sweep that all runs are cells of, seeds aside.
fn factors(spec: &ReportSpec, runs: &[RunSummary]) -> Result<Vec<Factor>, Failure> {
    if !spec.by.is_empty() {
        let parse =
            |text: &String| Factor::parse(text, runs).map_err(|e| Failure::usage(format!("by {text}: {e}")));
        return spec.by.iter().map(parse).collect();
    }
    let sweeps = |run: &RunSummary| run.cells.iter().map(|c| c.sweep.clone()).collect::<BTreeSet<_>>();
    let shared = runs
        .iter()
        .map(sweeps)
        .reduce(|a, b| a.intersection(&b).cloned().collect())
        .unwrap_or_default();
    let Some(sweep) = shared.first() else {
        return Ok(Vec::new());
    };
    let cell = runs[0].cells.iter().find(|c| c.sweep == *sweep);
    let names = cell
        .into_iter()
        .flat_map(|c| &c.factors)
        .map(|(name, _)| name)
        .filter(|n| *n != "seed");
    Ok(names.filter_map(|name| Factor::parse(name, runs).ok()).collect())
}

/// An ablation that is not told what to group by groups as the report's tables do.
fn grouped(mut figure: FigureSpec, factors: &[Factor]) -> FigureSpec {
    if figure.kind == Kind::Ablation && figure.by.is_empty() {
        figure.by = factors.iter().map(ToString::to_string).collect();
    }
    figure
}

/// Figures that suit runs nobody has said more about.
fn suited(
    spec: &ReportSpec,
    runs: &[RunSummary],
    columns: &[Column],
    factors: &[Factor],
    settings: &[Setting],
) -> Vec<FigureSpec> {
    let new = |kind: Kind| {
        let mut figure = FigureSpec::new(kind);
        (figure.runs, figure.query) = (spec.runs.clone(), spec.query.clone());
        figure
    };
    let by: Vec<String> = factors.iter().map(ToString::to_string).collect();
    let mut figures = Vec::new();
    if !columns.is_empty() {
        let mut evaluations = new(Kind::Curves);
        let keys: BTreeSet<String> = columns.iter().map(|c| c.key.to_string()).collect();
        evaluations.metrics = keys.into_iter().collect();
        evaluations.x = XAxis::Epoch;
        evaluations.by.clone_from(&by);
        figures.push(evaluations);
    }
    let losses = runs
        .iter()
        .flat_map(|r| r.metrics.keys())
        .any(|k| k.as_str().starts_with("loss/"));
    if losses {
        let mut curves = new(Kind::Curves);
        curves.metrics = vec!["loss/*".into()];
        curves.smoothing = 0.9;
        curves.by.clone_from(&by);
        figures.push(curves);
    }
    if !by.is_empty() && !columns.is_empty() {
        let mut ablation = new(Kind::Ablation);
        ablation.by = by;
        ablation.against.clone_from(&spec.against);
        ablation.metrics = columns.iter().map(ToString::to_string).collect();
        figures.push(ablation);
    }
    let varying = settings
        .iter()
        .filter(|s| s.key.starts_with("params.") || s.key.starts_with("optim."))
        .count();
    if runs.len() >= 8 && varying >= 2 {
        for kind in [Kind::Parallel, Kind::Correlation] {
            let mut figure = new(kind);
            figure.metrics = columns
                .iter()
                .take(if kind == Kind::Parallel { 1 } else { 2 })
                .map(ToString::to_string)
                .collect();
            figures.push(figure);
        }
    }
    if runs.len() == 1 {
        figures.push(new(Kind::Health));
    }
    figures
}

fn origin(run: &RunSummary, environment: &BTreeMap<String, String>) -> Result<Origin, Failure> {
    let mut facts = vec![
        ("id", run.id.to_string()),
        ("code", run.code_version.clone()),
        ("seed", run.spec.seed.to_string()),
    ];
    facts.extend(run.data_fingerprint.as_ref().map(|f| ("data", f.clone())));
    for key in ["command", "cpu", "threads", "arithmetic", "instructions", "os"] {
        facts.extend(environment.get(key).map(|v| (key, v.clone())));
    }
    facts.extend(run.parent.as_ref().map(|p| ("fork of", p.to_string())));
    Ok(Origin {
        run: run.name.clone(),
        facts,
        experiment: toml::to_string(&run.spec)
            .map_err(|e| Failure::new(format!("the experiment of {}: {e}", run.name)))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ablations_group_as_the_tables_do() {
        let factors = [Factor::parse("seed", &[]).unwrap()];
        let by = |figure: FigureSpec| grouped(figure, &factors).by;
        let mut own = FigureSpec::new(Kind::Ablation);
        assert_eq!(by(own.clone()), ["seed"]);
        own.by = vec!["sweep.loss".into()];
        assert_eq!(by(own), ["sweep.loss"]);
        assert!(by(FigureSpec::new(Kind::Curves)).is_empty());
    }
}
