use diptych_domain::query::SortKey;

use crate::Context;
use crate::failure::Failure;
use crate::output;
use crate::render::{self, human, terminal};
use crate::selection::{Matches, matching, parse_query};
use crate::session::Session;

/// List runs
#[derive(clap::Args)]
#[command(after_help = "Queries: bare words match names and tags; the rest compares:
  status:running  model:pix2pix  tag:x  name:x
  sweep:losses  sweep.loss = L1                cells of a sweep, by name and by a factor's value
  params.n_layers >= 3  data.crop_size = 256  optim.lr < 1e-3  seed = 1
  eval/psnr.best > 20  loss/G_L1.last < 12     also .min .max .step
  created > 2d  updated < 1h                   ages in s m h d w
  archived:true                                what has been put aside, which is left out otherwise
Join them with and (or nothing), or, not and ( ).

Examples:
  diptych runs
  diptych runs status:running
  diptych runs 'tag:ablation and eval/psnr.best > 20' --sort -eval/psnr.best
  diptych runs --json | jq '.[].name'")]
pub struct Args {
    /// Which runs; several words are one query
    query: Vec<String>,
    /// Sort by a field or metric, such as name or eval/psnr.best; -KEY reverses [default: newest first]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let text = args.query.join(" ");
    let sort = match &args.sort {
        Some(key) => Some(SortKey::parse(key).map_err(|e| Failure::usage(format!("--sort {key}: {e}")))?),
        None => None,
    };
    // Before a home is made where there is none.
    parse_query(&text)?;
    let session = Session::open(context)?;
    let now = human::now();
    let Matches { mut runs, hidden, of } = matching(&session, &text)?;
    if let Some(sort) = &sort {
        runs.sort_by(|a, b| sort.compare(a, b));
    }
    if args.json {
        return output::json(&runs.iter().map(render::runs::document).collect::<Vec<_>>());
    }
    if hidden > 0 {
        let runs = if hidden == 1 {
            "1 archived run matches"
        } else {
            &format!("{hidden} archived runs match")
        };
        output::note(format!(
            "{runs} too: archived:true in the query lists what was put aside"
        ));
    }
    if runs.is_empty() {
        output::note(match of {
            0 => format!(
                "no runs in {}; `diptych demo` makes one",
                session.home.path().display()
            ),
            _ => format!("none of {of} runs matches"),
        });
        return Ok(());
    }
    let table = render::runs::table(&runs, sort.as_ref().map(SortKey::field), now);
    output::line(table.render_styled(terminal::width(), terminal::colours()))
}
