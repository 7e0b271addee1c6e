use clap::ValueEnum;

/// Print the recorded metrics of runs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych metrics brisk-otter > metrics.csv
  diptych metrics brisk-otter calm-finch --metric eval/psnr --metric loss/G_L1
  diptych metrics brisk-otter --format json | jq '.[0]'")]
pub struct Args {
    /// The runs: names, ids, or the start of either
    #[arg(required = true)]
    runs: Vec<String>,
    /// The format
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Only this metric, such as eval/psnr; may be given several times
    #[arg(long, value_name = "KEY")]
    metric: Vec<String>,
}

/// What `metrics` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line a point: run, key, step, epoch, wall, value
    Csv,
    /// One array of points
    Json,
}
