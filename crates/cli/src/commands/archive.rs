use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::selection::runs_to_change;
use crate::session::Session;

/// Put runs aside: lists and queries leave them out, nothing is deleted
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych archive brisk-otter calm-heron
  diptych archive sweep:losses status:crashed
  diptych archive brisk-otter --undo
  diptych archive archived:true --undo          all of them
  diptych runs archived:true                    what has been put aside")]
pub struct Args {
    /// The runs: names, ids, or the start of either; or a query, as `diptych runs` takes it
    #[arg(required = true, value_name = "RUN|QUERY")]
    runs: Vec<String>,
    /// Take them back
    #[arg(long)]
    undo: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let runs = runs_to_change(&session, &args.runs)?;
    for run in &runs {
        session.wait(session.home.set_archived(&run.id, !args.undo))?;
        output::note(match (args.undo, run.archived) {
            (true, true) => format!("{} is listed again", run.name),
            (true, false) => format!("{} was not archived", run.name),
            (false, true) => format!("{} was archived already", run.name),
            (false, false) => format!("archived {}; --undo takes it back", run.name),
        });
    }
    Ok(())
}
