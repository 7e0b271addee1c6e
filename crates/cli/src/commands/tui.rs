use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use diptych_tui::{Depth, Keymap, Options, Theme, Via};

use crate::Context;
use crate::dashboard::Program;
use crate::failure::{Failure, ResultExt};
use crate::selection::parse_query;
use crate::session::Session;

/// Browse, compare and steer runs in a terminal
#[derive(clap::Args)]
#[command(
    after_help = "Five views, on keys 1 to 5: runs, charts, images, ablation, system and queue. `?` lists all keys, `:` finds any action.
What is begun from here goes on when the dashboard is left.

Keys can be changed in a TOML file: --keys FILE, else $XDG_CONFIG_HOME/diptych/keys.toml, else ~/.config/diptych/keys.toml.
NO_COLOR is respected; images are drawn by Kitty's or iTerm2's protocol or Sixel where the terminal says it can, else in half-blocks.

Examples:
  diptych tui
  diptych tui 'sweep:pix2pix-losses'
  diptych --home runs/.diptych tui --images blocks"
)]
pub struct Args {
    /// A query to begin with, as `runs` takes it [default: that of the last session]
    query: Vec<String>,
    /// How images are drawn
    #[arg(long, value_enum, value_name = "HOW")]
    images: Option<Images>,
    /// A file that changes keys
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// A file for how long frames take, in milliseconds
    #[arg(long, value_name = "FILE", hide = true)]
    times: Option<PathBuf>,
}

/// How images are drawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Images {
    /// As the terminal says it can
    Auto,
    /// Two pixels to a character: everywhere
    Blocks,
    /// Kitty's protocol
    Kitty,
    /// iTerm2's protocol
    Iterm2,
    /// Sixels
    Sixel,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "the dashboard needs a terminal; `diptych runs` lists runs without one",
        ));
    }
    let query = args.query.join(" ");
    parse_query(&query)?;
    let keymap = keymap(args.keys)?;
    let session = Session::open(context)?;
    let home = session.home.clone();
    let host = Program::new(context.registry.clone(), home.path().to_owned());
    let options = Options {
        home,
        host: Arc::new(host),
        keymap,
        theme: Theme {
            depth: Depth::detect(),
        },
        via: args.images.map(|i| match i {
            Images::Auto => Via::Auto,
            Images::Blocks => Via::Blocks,
            Images::Kitty => Via::Kitty,
            Images::Iterm2 => Via::Iterm2,
            Images::Sixel => Via::Sixel,
        }),
        times: args.times,
        filter: (!query.is_empty()).then_some(query),
    };
    Ok(session.block_on(diptych_tui::run(options))?)
}

/// The keys of the file that is named, else of the user's own if there is one.
fn keymap(named: Option<PathBuf>) -> Result<Keymap, Failure> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let own = variable("XDG_CONFIG_HOME")
        .or_else(|| Some(variable("HOME")?.join(".config")))
        .map(|folder| folder.join("diptych/keys.toml"))
        .filter(|file| file.is_file());
    match named.or(own) {
        Some(file) => Keymap::from_file(&file).usage(),
        None => Ok(Keymap::default()),
    }
}
