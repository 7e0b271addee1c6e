use std::path::{Path, PathBuf};

use diptych_data::metrics::{Outline, outline};
use diptych_data::{list_images, read_image};
use serde::Serialize;

use crate::failure::{Failure, ResultExt};
use crate::output;
use crate::render::human;
use crate::render::table::{Align, Table};
use crate::render::terminal;

/// Measure shape and colour of the one thing in each image of some folders
#[derive(clap::Args)]
#[command(
    after_help = "Circularity is 4 pi A / P^2 of the largest thing that differs from the background: 1 for a disc, 0.785 for a square.
Squareness is that of its fourth moment: 0 for a disc, 1 for a square at any angle; a ragged edge hardly counts.

Examples:
  diptych data outlines shapes/valA translated/
  diptych data outlines shapes/valA translated/ --towards 41,98,210
  diptych data outlines translated/ --json"
)]
pub struct Args {
    /// Folders of images, or single images
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Also the mean distance of the things' colours from this one
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', num_args = 1)]
    towards: Option<Vec<u8>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the things in one folder are like on average.
#[derive(Serialize)]
struct Row {
    folder: String,
    images: usize,
    /// Images in which nothing stands out.
    empty: usize,
    circularity: Spread,
    squareness: Spread,
    colour: [f64; 3],
    background: [f64; 3],
    /// Euclidean, 0 to 441.
    distance: Option<Spread>,
}

#[derive(Serialize)]
struct Spread {
    mean: f64,
    sd: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Self {
            mean,
            sd: variance.sqrt(),
        }
    }

    fn shown(&self) -> String {
        format!("{:.3} ± {:.3}", self.mean, self.sd)
    }
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let towards = match args.towards.as_deref() {
        None => None,
        Some(&[r, g, b]) => Some([r, g, b].map(f64::from)),
        Some(_) => return Err(Failure::usage("--towards takes a colour such as 41,98,210")),
    };
    let rows: Vec<Row> = args
        .folders
        .iter()
        .map(|folder| measure(folder, towards))
        .collect::<Result<_, _>>()?;
    if args.json {
        return output::json(&rows);
    }
    let mut table = Table::new([
        ("FOLDER", Align::Left),
        ("IMAGES", Align::Right),
        ("EMPTY", Align::Right),
        ("CIRCULARITY", Align::Right),
        ("SQUARENESS", Align::Right),
        ("COLOUR", Align::Left),
        ("BACKGROUND", Align::Left),
        ("DISTANCE", Align::Right),
    ]);
    for row in &rows {
        table.row([
            row.folder.clone(),
            row.images.to_string(),
            row.empty.to_string(),
            row.circularity.shown(),
            row.squareness.shown(),
            hex(row.colour),
            hex(row.background),
            row.distance.as_ref().map_or("-".into(), |d| {
                format!("{} ± {}", human::number(d.mean), human::number(d.sd))
            }),
        ]);
    }
    output::line(table.render_styled(terminal::width(), terminal::colours()))
}

fn measure(folder: &Path, towards: Option<[f64; 3]>) -> Result<Row, Failure> {
    if !folder.exists() {
        return Err(Failure::usage(format!(
            "{}: no such file or folder",
            folder.display()
        )));
    }
    let files = if folder.is_dir() {
        list_images(folder).usage()?
    } else {
        vec![folder.to_owned()]
    };
    let mut found: Vec<Outline> = Vec::new();
    for file in &files {
        found.extend(outline(&read_image(file, 3).usage()?, 0));
    }
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "{}: nothing stands out in any of {} images",
            folder.display(),
            files.len()
        )));
    }
    let mean = |pick: fn(&Outline) -> [f64; 3]| {
        [0, 1, 2].map(|k| found.iter().map(|o| pick(o)[k]).sum::<f64>() / found.len() as f64)
    };
    let far =
        |colour: [f64; 3], from: [f64; 3]| (0..3).map(|k| (colour[k] - from[k]).powi(2)).sum::<f64>().sqrt();
    let of = |value: &dyn Fn(&Outline) -> f64| Spread::of(&found.iter().map(value).collect::<Vec<_>>());
    Ok(Row {
        folder: folder.display().to_string(),
        images: files.len(),
        empty: files.len() - found.len(),
        circularity: of(&|o| o.circularity),
        squareness: of(&|o| o.squareness),
        colour: mean(|o| o.colour),
        background: mean(|o| o.background),
        distance: towards.map(|t| of(&|o| far(o.colour, t))),
    })
}

fn hex(colour: [f64; 3]) -> String {
    let [r, g, b] = colour.map(|v| v.round().clamp(0.0, 255.0) as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}
