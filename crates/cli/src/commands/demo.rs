use crate::compute::ComputeArgs;

/// Make a small data set, train pix2pix on it for about a minute, and show what it learnt
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych demo
  diptych demo --home /tmp/try")]
pub struct Args {
    /// Training pairs a pass times passes: more steps learn more and take longer
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    #[command(flatten)]
    compute: ComputeArgs,
}
