/// Check this machine and the home for what training needs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych doctor
  diptych doctor --home /mnt/data/diptych --json")]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}
