//! This program as the dashboard's host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diptych_domain::compare::{Baseline, Column, Factor, Table};
use diptych_domain::spec::Sweep;
use diptych_domain::{Params, RunSummary};
use diptych_models::Registry;
use diptych_tui::{Host, Job, Wanted};

use super::{again, detached, queueing};
use crate::experiment;
use crate::failure::Failure;
use crate::render::comparison::{Format, Page, document};
use crate::session::Session;
use crate::sweep::plan;

/// This program, with its plugins, at work on a home.
pub struct Program {
    registry: Arc<Registry>,
    home: PathBuf,
}

impl Program {
    /// On a home.
    pub fn new(registry: Arc<Registry>, home: PathBuf) -> Self {
        Self { registry, home }
    }

    fn start(&self, args: &[String]) -> Result<String, Failure> {
        let path = detached::start(&self.home, args)?;
        let shown = path.strip_prefix(&self.home).unwrap_or(&path);
        Ok(format!("its output is in {}", shown.display()))
    }

    fn launch(&self, file: &Path, sets: &[String], name: Option<&str>) -> Result<String, Failure> {
        let what = self.checked(file, sets)?;
        let verb = if is_sweep(file, sets)? { "sweep" } else { "train" };
        let mut args = vec![verb.to_owned(), file.display().to_string()];
        args.extend(assignments(sets));
        if let Some(name) = name {
            args.extend(["--name".to_owned(), name.to_owned()]);
        }
        let output = self.start(&args)?;
        Ok(format!("{what}: begun; {output}"))
    }

    fn checked(&self, file: &Path, sets: &[String]) -> Result<String, Failure> {
        if is_sweep(file, sets)? {
            let text = experiment::read(file)?;
            let (sweep, cells) = plan::check(&self.registry, &file.display().to_string(), &text, sets)?;
            let factors: Vec<&str> = sweep.factors().iter().map(|f| f.name.as_str()).collect();
            return Ok(format!(
                "a sweep of {} cells over {}",
                cells.len(),
                factors.join(", ")
            ));
        }
        let (spec, _) = experiment::load(&self.registry, file, sets)?;
        Ok(format!(
            "{}, {} epochs on {}",
            spec.model,
            spec.optim.total_epochs(),
            spec.data.root
        ))
    }

    fn queue(&self, wanted: &[Wanted]) -> Result<String, Failure> {
        let session = Session::silent(&self.home)?;
        let queued = queueing::queue(&self.registry, &session, wanted)?;
        if queued.waiting == 0 {
            return Ok(format!(
                "{} are there already, finished or being trained",
                queued.there
            ));
        }
        let there = if queued.there > 0 {
            format!(", {} are there already", queued.there)
        } else {
            String::new()
        };
        self.start(&["queue".into()])?;
        Ok(format!("{} queued{there}", queued.waiting))
    }

    fn retry(&self, run: &RunSummary) -> Result<String, Failure> {
        let session = Session::silent(&self.home)?;
        let wanted = Wanted {
            spec: run.spec.clone(),
            tags: run.tags.clone(),
            // A cell would be given the run that it has.
            cell: None,
            label: run.name.clone(),
        };
        queueing::queue(&self.registry, &session, &[wanted])?;
        let newest = session.wait(session.home.list_page(None, 1))?;
        let new = newest
            .first()
            .ok_or_else(|| Failure::new("the new run has vanished"))?;
        let output = self.start(&["resume".into(), new.id.to_string()])?;
        Ok(format!("{} begun; {output}", new.name))
    }

    fn job(&self, job: &Job) -> Result<String, Failure> {
        match job {
            Job::Launch { file, sets, name } => self.launch(file, sets, name.as_deref()),
            Job::Resume(run) => {
                let output = self.start(&["resume".into(), run.id.to_string()])?;
                Ok(format!("{} goes on; {output}", run.name))
            }
            Job::Retry(run) => self.retry(run),
            Job::Fork { run, at, sets, name } => {
                let mut args = vec!["fork".into(), run.id.to_string(), "--at".into(), at.clone()];
                args.extend(assignments(sets));
                if let Some(name) = name {
                    args.extend(["--name".to_owned(), name.clone()]);
                }
                let output = self.start(&args)?;
                Ok(format!("a fork of {} begun; {output}", run.name))
            }
            Job::Queue(wanted) => self.queue(wanted),
            Job::Work => {
                let output = self.start(&["queue".into()])?;
                Ok(format!("the queue is worked off; {output}"))
            }
        }
    }
}

fn assignments(sets: &[String]) -> impl Iterator<Item = String> {
    sets.iter().flat_map(|set| ["--set".to_owned(), set.clone()])
}

fn is_sweep(file: &Path, sets: &[String]) -> Result<bool, Failure> {
    let text = experiment::read(file)?;
    let sweep = Sweep::parse(&file.display().to_string(), &text, sets);
    Ok(!sweep.factors().is_empty() || text.lines().any(|l| l.trim_start().starts_with("[sweep")))
}

impl Host for Program {
    fn defaults(&self, model: &str) -> Params {
        let plugin = self.registry.get(model).ok();
        let decls = plugin.map(|p| p.params()).unwrap_or_default();
        decls
            .into_iter()
            .map(|d| (d.name.to_owned(), d.default))
            .collect()
    }

    fn again(&self, run: &RunSummary, environment: &BTreeMap<String, String>) -> String {
        again::command(run, environment)
    }

    fn check(&self, file: &str, sets: &[String]) -> Result<String, String> {
        let path = Path::new(file);
        if file.is_empty() || file.ends_with('/') || path.is_dir() {
            return Ok("an experiment is a TOML file; tab completes".into());
        }
        self.checked(path, sets).map_err(|e| e.to_string())
    }

    fn table(
        &self,
        runs: &[RunSummary],
        by: &[String],
        metric: &str,
        against: Option<&str>,
        form: &str,
    ) -> Result<String, String> {
        let factors: Vec<Factor> = by
            .iter()
            .map(|f| Factor::parse(f, runs))
            .collect::<Result<_, _>>()?;
        let columns = vec![Column::parse(metric, runs)?];
        let against = against.map(Baseline::parse);
        let table = Table::new(runs, factors, columns, against.as_ref())?;
        let format = Format::of_file(Path::new(&format!("table.{form}"))).unwrap_or(Format::Csv);
        match format {
            Format::Json => serde_json::to_string_pretty(&document(&table, "")).map_err(|e| e.to_string()),
            _ => Ok(Page::new(&table).render(format, 100, false)),
        }
    }

    fn start(&self, job: &Job) -> Result<String, String> {
        self.job(job).map_err(|e| e.to_string())
    }
}
