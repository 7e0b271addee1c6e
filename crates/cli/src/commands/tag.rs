use diptych_domain::RunSummary;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::selection::runs_to_change;
use crate::session::Session;

/// Add tags to runs, or remove them
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych tag brisk-otter paper figure-3
  diptych tag brisk-otter figure-3 --remove
  diptych tag sweep:losses paper                every run that matches
  diptych runs tag:paper")]
pub struct Args {
    /// The run: its name, its id, or the start of either; or a query, as `diptych runs` takes it, in one word or in quotes
    #[arg(value_name = "RUN|QUERY")]
    what: String,
    /// The tags
    #[arg(required = true, value_name = "TAG")]
    tags: Vec<String>,
    /// Remove them
    #[arg(long)]
    remove: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    if let Some(bad) = args.tags.iter().find(|tag| tag.trim().is_empty()) {
        return Err(Failure::usage(format!("`{bad}` is no tag: it is empty")));
    }
    let session = Session::open(context)?;
    let runs = runs_to_change(&session, std::slice::from_ref(&args.what))?;
    if args.remove {
        all_known(&runs, &args.tags)?;
    }
    for run in &runs {
        let home = &session.home;
        if args.remove {
            session.wait(home.remove_tags(&run.id, &args.tags))?;
        } else {
            session.wait(home.add_tags(&run.id, &args.tags))?;
        }
        let now = session.wait(home.summary(&run.id))?;
        output::note(match now.tags.as_slice() {
            [] => format!("{} has no tags", now.name),
            tags => format!("{}: {}", now.name, tags.join(", ")),
        });
    }
    Ok(())
}

/// Every tag has to be some run's: another was mistyped.
fn all_known(runs: &[RunSummary], tags: &[String]) -> Result<(), Failure> {
    let known: Vec<&str> = runs.iter().flat_map(|r| &r.tags).map(String::as_str).collect();
    let Some(missing) = tags.iter().find(|tag| !known.contains(&tag.trim())) else {
        return Ok(());
    };
    Err(Failure::usage(match runs {
        [run] if run.tags.is_empty() => format!("{} has no tag `{missing}`: it has none", run.name),
        [run] => format!(
            "{} has no tag `{missing}`: it has {}",
            run.name,
            run.tags.join(", ")
        ),
        runs => format!("none of these {} runs has a tag `{missing}`", runs.len()),
    }))
}
