use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::run_page::RunPage;
use crate::render::{human, terminal};
use crate::session::Session;

/// Show everything about a run
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych show brisk-otter
  diptych show brisk-otter --json | jq .params")]
pub struct Args {
    /// The run: its name, its id, or the start of either
    run: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let run = session.find(&args.run)?;
    let home = &session.home;
    let page = RunPage {
        details: session.wait(home.details(&run.id))?,
        checkpoints: session.wait(home.checkpoints(&run.id))?,
        events: session.wait(home.events(&run.id))?,
        environment: session.wait(home.environment(&run.id))?,
        log: session.wait(home.log_lines(&run.id))?,
        images: session.wait(home.images(&run.id))?.len(),
        // A run of a plugin that this binary lacks can still be shown.
        decls: context
            .registry
            .get(&run.model)
            .map(|p| p.params())
            .unwrap_or_default(),
        folder: home.run_dir(&run.id).display().to_string(),
        run,
    };
    if args.json {
        return output::json(&page.document());
    }
    output::line(page.render(human::now(), terminal::width(), terminal::colours()))
}
