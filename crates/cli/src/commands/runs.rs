/// List runs
#[derive(clap::Args)]
#[command(
    after_help = "Queries: bare words match names and tags. status:running, model:pix2pix, tag:x, name:x,
params.n_layers >= 3, data.crop_size = 256, optim.lr < 1e-3, eval/psnr.best > 20, loss/G_L1.last < 12
(also .min .max .step), created > 2d (older than; s m h d w), updated < 1h; and, or, not, ( ).

Examples:
  diptych runs
  diptych runs status:running
  diptych runs 'tag:ablation and eval/psnr.best > 20' --sort -eval/psnr.best
  diptych runs --json | jq '.[].name'"
)]
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
