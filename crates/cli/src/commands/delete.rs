use std::io::{self, BufRead, IsTerminal};

use diptych_domain::RunStatus;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::human;
use crate::selection::runs_to_change;
use crate::session::Session;

/// Delete runs with everything they recorded: points, images, checkpoints, logs
#[derive(clap::Args)]
#[command(
    after_help = "It says what would go and asks; `archive` puts runs aside and keeps them. Forks of a deleted run stay whole.

Examples:
  diptych delete brisk-otter
  diptych delete brisk-otter calm-heron --yes
  diptych delete 'status:crashed and created > 30d'"
)]
pub struct Args {
    /// The runs: names, ids, or the start of either; or a query, as `diptych runs` takes it
    #[arg(required = true, value_name = "RUN|QUERY")]
    runs: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let runs = runs_to_change(&session, &args.runs)?;
    if let Some(run) = runs.iter().find(|run| run.status == RunStatus::Running) {
        return Err(Failure::usage(format!(
            "{} is running: `diptych stop {}` first",
            run.name, run.name
        )));
    }
    let mut sum = 0;
    for run in &runs {
        let bytes = session.wait(session.home.run_bytes(&run.id))?;
        sum += bytes;
        output::note(format!(
            "{}: {}, step {}, {}",
            run.name,
            run.status,
            run.step,
            human::bytes(bytes)
        ));
    }
    let what = match runs.as_slice() {
        [one] => one.name.clone(),
        several => format!("these {} runs", several.len()),
    };
    if !args.yes && !confirmed(&format!("delete {what} and free {}? [y/N] ", human::bytes(sum)))? {
        output::note("nothing was deleted");
        return Ok(());
    }
    for run in &runs {
        session.wait(session.home.delete_run(&run.id))?;
        output::note(format!("deleted {}", run.name));
    }
    Ok(())
}

fn confirmed(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody to ask, for standard input is not a terminal: --yes deletes without asking",
        ));
    }
    output::ask(question);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
