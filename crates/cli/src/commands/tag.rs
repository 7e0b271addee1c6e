use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Add tags to a run, or remove them
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych tag brisk-otter paper figure-3
  diptych tag brisk-otter figure-3 --remove
  diptych runs tag:paper")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
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
    let run = session.find(&args.run)?;
    if args.remove {
        if let Some(missing) = args
            .tags
            .iter()
            .find(|tag| !run.tags.iter().any(|t| t == tag.trim()))
        {
            let has = match run.tags.as_slice() {
                [] => "it has none".to_owned(),
                tags => format!("it has {}", tags.join(", ")),
            };
            return Err(Failure::usage(format!(
                "{} has no tag `{missing}`: {has}",
                run.name
            )));
        }
        session.wait(session.home.remove_tags(&run.id, &args.tags))?;
    } else {
        session.wait(session.home.add_tags(&run.id, &args.tags))?;
    }
    let now = session.wait(session.home.summary(&run.id))?;
    output::note(match now.tags.as_slice() {
        [] => format!("{} has no tags", now.name),
        tags => format!("{}: {}", now.name, tags.join(", ")),
    });
    Ok(())
}
