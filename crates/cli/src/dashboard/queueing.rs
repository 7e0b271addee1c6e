//! Making runs that wait to be trained.

use diptych_domain::ExperimentSpec;
use diptych_models::Registry;
use diptych_store::{NewRun, ProcessIdentity, TakenCell};
use diptych_tui::Wanted;

use crate::compute::ComputeArgs;
use crate::failure::{Failure, ResultExt};
use crate::launch::{self, Label};
use crate::session::Session;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Runs that wait now.
    pub waiting: usize,
    /// Cells that have a run already that is finished or being trained.
    pub there: usize,
}

/// Queues experiments. All are checked before the first is made.
pub fn queue(registry: &Registry, session: &Session, wanted: &[Wanted]) -> Result<Queued, Failure> {
    for one in wanted {
        registry
            .get(&one.spec.model)
            .usage()?
            .validate(&one.spec)
            .usage()?;
    }
    let compute = ComputeArgs::default().settle()?;
    let mut out = Queued::default();
    let mut fingerprint: Option<(ExperimentSpec, String)> = None;
    for one in wanted {
        // Cells of a table mostly share their data, and reading it takes its time.
        let data = match &fingerprint {
            Some((spec, known)) if spec.data == one.spec.data => known.clone(),
            _ => launch::check_data(&one.spec)?,
        };
        fingerprint = Some((one.spec.clone(), data.clone()));
        let label = Label {
            name: one
                .cell
                .as_ref()
                .map(|c| diptych_domain::cell::run_name(&c.sweep, &c.factors)),
            tags: one.tags.clone(),
            note: String::new(),
        };
        let new = NewRun {
            data_fingerprint: Some(data),
            ..launch::new_run(&one.spec, &compute, label)
        };
        let Some(cell) = &one.cell else {
            session.wait(session.home.create_run(new))?;
            out.waiting += 1;
            continue;
        };
        let here = ProcessIdentity::current();
        match session.wait(session.home.take_cell(new, cell, &here))? {
            TakenCell::Ours(run) => {
                session.wait(session.home.release_cell(&run.id, &here, None))?;
                out.waiting += 1;
            }
            TakenCell::Finished(_) | TakenCell::Elsewhere(_) => out.there += 1,
        }
    }
    Ok(out)
}
