use diptych_domain::compare::{Agreement, Contrast, Side};

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::terminal;
use crate::render::why::WhyPage;
use crate::session::Session;

/// Show what differs between two runs, and where their numbers part
#[derive(clap::Args)]
#[command(
    after_help = "Compares settings, seed, code version, data, environment, lengths, and every recorded point except those \
        of the machine (perf/, system/). The seed, the settings, the code, the data, the parent, and of the \
        environment threads, arithmetic, instructions, device, cpu, os, gpu, cuda_driver, cudnn and nvrtc can change numbers.

Examples:
  diptych why brisk-otter calm-finch
  diptych why brisk-otter calm-finch --json | jq .verdict"
)]
pub struct Args {
    /// A run: its name, its id, or the start of either
    a: String,
    /// Another
    b: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let session = Session::open(context)?;
    let (a, b) = (session.find(&args.a)?, session.find(&args.b)?);
    if a.id == b.id {
        return Err(Failure::usage(format!("both are run {}", a.name)));
    }
    let home = &session.home;
    let [here, there] = [&a, &b].map(|run| session.wait(home.environment(&run.id)));
    let (here, there) = (here?, there?);
    let side = |run, environment| Side { run, environment };
    let contrast = Contrast::of(side(&a, &here), side(&b, &there));
    let mut agreement = Agreement::default();
    for key in a
        .metrics
        .keys()
        .filter(|k| b.metrics.contains_key(*k) && !k.is_of_the_machine())
    {
        let points = |run| -> Result<Vec<(u64, f64)>, Failure> {
            let series = session.wait(home.metrics(run, key, ..))?;
            Ok(series.steps.into_iter().zip(series.values).collect())
        };
        agreement.add(key, points(&a.id)?, points(&b.id)?);
    }
    let page = WhyPage {
        runs: [a, b],
        contrast,
        agreement,
    };
    if args.json {
        return output::json(&page.document());
    }
    output::line(page.render(terminal::width(), terminal::colours()))
}
