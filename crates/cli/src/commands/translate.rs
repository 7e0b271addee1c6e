use std::path::PathBuf;

use crate::compute::ComputeArgs;

/// Apply a run's generator to an image or a folder of images, of any size
#[derive(clap::Args)]
#[command(
    after_help = "Images keep their size: sides that the network cannot take are padded by reflection and cut again.
As in the paper, batch norm uses each image's own statistics and dropout stays on; --eval switches both off.

Examples:
  diptych translate brisk-otter sketch.png -o out
  diptych translate brisk-otter datasets/facades/val -o out --side b --which best
  diptych translate latest_net_G.safetensors photos -o out --experiment experiments/facades.toml"
)]
pub struct Args {
    /// The run (name, id, or the start of either), or a .safetensors file with a generator's weights
    source: String,
    /// An image, or a folder of images
    input: PathBuf,
    /// The folder to write to
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Running statistics and no dropout
    #[arg(long)]
    eval: bool,
    /// The checkpoint: last, best, or a step
    #[arg(long, default_value = "last")]
    which: String,
    /// The images are A|B pairs side by side: translate this half
    #[arg(long, value_parser = ["a", "b"], value_name = "a|b")]
    side: Option<String>,
    /// The experiment that a weights file was trained by, where the file does not say
    #[arg(long, value_name = "FILE")]
    experiment: Option<PathBuf>,
    #[command(flatten)]
    compute: ComputeArgs,
}
