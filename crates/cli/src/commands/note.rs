use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Write a note about a run, or show the one it has
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych note brisk-otter 'the one for figure 3'
  diptych note brisk-otter                      show it
  diptych note brisk-otter ''                   remove it")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// The note; it replaces what was there
    note: Option<String>,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let run = session.find(&args.run)?;
    match args.note {
        Some(note) => {
            session.wait(session.home.set_note(&run.id, &note))?;
            if !run.note.is_empty() && run.note != note {
                output::note(format!("the note of {} was: {}", run.name, run.note));
            }
            Ok(())
        }
        None if run.note.is_empty() => {
            output::note(format!("{} has no note", run.name));
            Ok(())
        }
        None => output::line(run.note),
    }
}
