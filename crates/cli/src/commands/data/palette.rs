use std::path::PathBuf;

use diptych_data::palette::{self, Class, MAX_CLASSES, Palette};
use diptych_data::{Dataset, Split, write_atomic};
use diptych_domain::Images;
use diptych_domain::spec::{DataSpec, Direction, Layout};
use serde_json::json;

use crate::failure::{Failure, ResultExt};
use crate::output;
use crate::render::human;
use crate::render::table::{Align, Table};
use crate::render::terminal;

/// Label maps that are looked at.
const LOOKS: usize = 64;
/// What part of label maps' pixels have nearly the colour of a class.
const TIGHT_ENOUGH: f64 = 0.6;

/// Gather the colours of label maps into a palette file, for `evaluate`
#[derive(clap::Args)]
#[command(
    after_help = "Label maps kept as JPEG have thousands of colours where there were a dozen. This counts the colours of flat areas and
merges those that are near each other. Look at the result and edit it: the file has a colour and a name a line.

Examples:
  diptych data palette datasets/facades --side b -o datasets/facades/palette.txt
  diptych data palette datasets/cityscapes --side b --json"
)]
pub struct Args {
    /// The data set's folder, which holds train/
    root: PathBuf,
    /// Which half of each pair is the label map
    #[arg(long, value_parser = ["a", "b"], value_name = "a|b")]
    side: String,
    /// The file to write; `palette.txt` in the data set's folder is found by itself
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let spec = DataSpec {
        root: args.root.display().to_string(),
        layout: Layout::Aligned,
        direction: if args.side == "b" {
            Direction::AToB
        } else {
            Direction::BToA
        },
        ..DataSpec::default()
    };
    let train = Dataset::open(&spec, Split::Train).usage()?;
    let targets = palette::sample_targets(&train, LOOKS).usage()?;
    let found = palette::gather(&targets);
    let colours = found.colours.iter().take(MAX_CLASSES).map(|(colour, _)| *colour);
    let classes = Palette::new(&args.root, colours).usage()?;
    let mean = |part: &dyn Fn(&Images) -> f64| targets.iter().map(part).sum::<f64>() / targets.len() as f64;
    let coverage = mean(&|image| classes.coverage(image, 0));
    let tightness = mean(&|image| classes.tightness(image, 0));
    if tightness < TIGHT_ENOUGH {
        return Err(Failure::usage(format!(
            "{}: side {} of {} images has no small set of colours: of its pixels {:.0} % have nearly one of the {} most frequent; \
             these are no label maps",
            args.root.display(),
            args.side,
            targets.len(),
            100.0 * tightness,
            classes.classes().len(),
        )));
    }
    if let Some(file) = &args.output {
        write_atomic(file, classes.to_text().as_bytes())?;
    }
    if args.json {
        let colours = classes.classes().iter().zip(&found.colours);
        let rows = colours.map(|(class, (_, share))| json!({ "colour": class.colour, "share": share }));
        return output::json(&json!({
            "images": targets.len(),
            "coverage": coverage,
            "tightness": tightness,
            "colours": rows.collect::<Vec<_>>(),
        }));
    }
    let mut table = Table::new([("COLOUR", Align::Left), ("SHARE", Align::Right)]);
    for (Class { name, .. }, (_, share)) in classes.classes().iter().zip(&found.colours) {
        table.row([name.clone(), format!("{} %", human::number(100.0 * share))]);
    }
    output::note(format!(
        "{} images; {:.1} % of their pixels have nearly one of these colours, {:.1} % are near one",
        targets.len(),
        100.0 * tightness,
        100.0 * coverage
    ));
    output::line(table.render_styled(terminal::width(), terminal::colours()))
}
