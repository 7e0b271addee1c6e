use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Put runs aside: lists and queries leave them out, nothing is deleted
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych archive brisk-otter calm-heron
  diptych archive brisk-otter --undo
  diptych runs archived:true                    what has been put aside")]
pub struct Args {
    /// The runs: names, ids, or the start of either
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Take them back
    #[arg(long)]
    undo: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let runs = session.find_all(&args.runs)?;
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
