use std::io::{self, BufRead, IsTerminal};

use diptych_domain::RunStatus;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::human;
use crate::session::Session;

/// Delete runs with everything they recorded: points, images, checkpoints, logs
#[derive(clap::Args)]
#[command(
    after_help = "It says what would go and asks; `archive` puts runs aside and keeps them. Forks of a deleted run stay whole.

Examples:
  diptych delete brisk-otter
  diptych delete brisk-otter calm-heron --yes"
)]
pub struct Args {
    /// The runs: names, ids, or the start of either
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let runs = session.find_all(&args.runs)?;
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
