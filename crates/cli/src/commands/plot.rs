use std::io::Write;
use std::path::{Path, PathBuf};

use diptych_domain::suggest;
use diptych_plots::export::Form;
use diptych_plots::spec::{self, Arrange, Band, Kind, Panels, Preset, Theme, Unknown, XAxis};
use diptych_plots::{FigureSpec, Provenance};

use crate::Context;
use crate::failure::Failure;
use crate::figures::{self, Drawn};
use crate::output;
use crate::session::Session;

/// Draw runs: curves, ablations, scatter, parallel coordinates, correlations, histograms, images, health
#[derive(clap::Args)]
#[command(after_help = "KIND is one of
  curves       metrics along training: runs over each other, or with --by means with bands (the default)
  ablation     means of groups with intervals, the seeds as points; needs --by
  scatter      a setting (--param) against a metric
  parallel     settings and a metric as parallel axes
  correlation  rank correlations of settings with a metric
  histogram    a metric over runs; with --by a panel a group
  images       probes: what went into runs, what came out, what should have; with --table a row a probe, with
               --film along training
  health       a GAN's losses and health values, with alarms

The runs are names, or one query as for `diptych runs`. The ending of -o says what is written: .svg, .png, .pdf, .csv (the plotted
numbers), .tex (a pgfplots picture; of an ablation the table). Every file carries where it comes from, and --again draws it once
more. Options that a kind does not have are refused. docs/figures.md has every key of a figure's file, and which kinds have it.

Eight runs or groups have colours, in the order in which they are named or newest first; the others are grey. A query or --by makes
them fewer.

Examples:
  diptych plot brisk-otter calm-finch --metric loss/G_L1 --smooth 0.9 -o curves.svg
  diptych plot curves sweep:losses --by loss --metric eval/l1,eval/psnr --x epoch --band ci -o curves.pdf -o curves.png
  diptych plot ablation sweep:losses --by loss --against loss=L1+cGAN --metric eval/l1 --preset column -o ablation.pdf
  diptych plot images sweep:losses seed=1 --probe 0,1 -o grid.png
  diptych plot images sweep:losses seed=1 --by loss --table -o table.pdf
  diptych plot --spec figure.toml --theme dark -o figure.svg
  diptych plot --again figure.svg -o figure.pdf")]
pub struct Args {
    /// The kind, and the runs or a query
    #[arg(value_name = "KIND|RUN|QUERY")]
    what: Vec<String>,
    /// Begin with a figure's file
    #[arg(long, value_name = "FIGURE.toml", conflicts_with = "again")]
    spec: Option<PathBuf>,
    /// Draw once more what is in a file, with the same runs
    #[arg(long, value_name = "FILE", conflicts_with = "what")]
    again: Option<PathBuf>,
    /// Metrics, with commas between: KEY, for curves also GROUP/*; where a run has one value KEY.best, .min, .max or .last
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    metric: Vec<String>,
    /// Group runs by these, with commas between, as in `diptych compare`
    #[arg(long, value_name = "FACTOR", value_delimiter = ',')]
    by: Vec<String>,
    /// The baseline of an ablation: `first`, or FACTOR=LEVEL
    #[arg(long, value_name = "CELL")]
    against: Option<String>,
    /// Settings for scatter (a panel each), parallel and correlation, with commas between
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    param: Vec<String>,
    /// What curves run along: step, epoch, relative (time since the run began), wall
    #[arg(long, value_name = "AXIS")]
    x: Option<String>,
    /// Smooth curves: the weight of the past, from 0 up to, but not including, 1
    #[arg(long, value_name = "WEIGHT")]
    smooth: Option<f64>,
    /// A logarithmic x axis
    #[arg(long)]
    log_x: bool,
    /// A logarithmic axis for the metric
    #[arg(long)]
    log_y: bool,
    /// What is drawn around a mean: std, ci or none
    #[arg(long, value_name = "BAND")]
    band: Option<String>,
    /// What curves get panels of their own: metric, group or none
    #[arg(long, value_name = "WHAT")]
    panels: Option<String>,
    /// Bins of a histogram
    #[arg(long, value_name = "N")]
    bins: Option<u32>,
    /// Where the x axis begins
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    x_min: Option<f64>,
    /// Where the x axis ends
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    x_max: Option<f64>,
    /// Where the y axis begins
    #[arg(long, value_name = "Y", allow_negative_numbers = true)]
    y_min: Option<f64>,
    /// Where the y axis ends
    #[arg(long, value_name = "Y", allow_negative_numbers = true)]
    y_max: Option<f64>,
    /// Images: which, such as input,output,target
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<String>,
    /// Images: which probes, from 0
    #[arg(long, value_name = "N", value_delimiter = ',')]
    probe: Vec<u32>,
    /// Images: which steps
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    step: Vec<u64>,
    /// Images along training instead of runs beside each other
    #[arg(long)]
    film: bool,
    /// Images: a row a probe, with the input, what every run makes of it, and the target
    #[arg(long, conflicts_with = "film")]
    table: bool,
    /// Call a metric, a setting or a group TEXT, such as 'eval/l1=L1 error'; may be given several times
    #[arg(long, value_name = "NAME=TEXT")]
    label: Vec<String>,
    /// What stands above the figure
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Runs drawn one by one at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Leave out what is said below the figure
    #[arg(long)]
    no_notes: bool,
    /// How large: column, page or slide
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    /// The width in mm
    #[arg(long, value_name = "MM")]
    width: Option<f64>,
    /// The height in mm
    #[arg(long, value_name = "MM")]
    height: Option<f64>,
    /// The colours: light or dark
    #[arg(long, value_name = "THEME")]
    theme: Option<String>,
    /// Dots per inch of a PNG
    #[arg(long, value_name = "N")]
    dpi: Option<u32>,
    /// Write to this file; may be given several times
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Write to standard output: svg, png, pdf, csv or tex
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print the figure's file instead of drawing
    #[arg(long)]
    print_spec: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    // What is wrong with the files is said before anything is read.
    let forms: Vec<(Form, &Path)> = args
        .output
        .iter()
        .map(|path| {
            Ok((
                Form::of_file(path).map_err(|e| Failure::usage(format!("-o {e}")))?,
                path.as_path(),
            ))
        })
        .collect::<Result<_, Failure>>()?;
    let format: Option<Form> = match &args.format {
        Some(word) => Some(
            word.parse()
                .map_err(|e| Failure::usage(format!("--format: {e}")))?,
        ),
        None => None,
    };
    if forms.is_empty() && format.is_none() && !args.print_spec {
        return Err(Failure::usage(
            "where to? Give -o FILE.svg (or .png, .pdf, .csv, .tex), or --format FORMAT",
        ));
    }
    let begun = begin(&args)?;
    let session = Session::open(context)?;
    let (mut spec, provenance) = begun;
    let words = match args.what.split_first() {
        Some((first, rest)) if args.spec.is_none() && first.parse::<Kind>().is_ok() => {
            spec.kind = first.parse().unwrap_or_default();
            rest
        }
        _ => &args.what[..],
    };
    mistyped_kind(&session, words)?;
    let inapplicable = args
        .given()
        .into_iter()
        .find_map(|(flag, key)| Some((flag, spec::misplaced(key, spec.kind)?)));
    if let Some((flag, problem)) = inapplicable {
        return Err(Failure::usage(format!("{flag}: {problem}")));
    }
    overlay(&mut spec, &args)?;
    figures::words(&session, &mut spec, words)?;
    spec.check().map_err(|e| Failure::usage(e.to_string()))?;
    if args.print_spec {
        return output::line(spec.to_toml());
    }
    let runs = match &provenance {
        Some(provenance) => {
            let (runs, gone) = figures::name_in_store(&session, provenance)?;
            if !gone.is_empty() {
                output::note(format!(
                    "warning: no longer in the store, so left out: {}",
                    gone.join(", ")
                ));
            }
            if runs.is_empty() {
                return Err(Failure::usage(
                    "none of the figure's runs is in the store (another home: --home DIR)",
                ));
            }
            runs
        }
        None => figures::runs(&session, &spec)?,
    };
    let drawn = figures::draw(&session, spec, runs)?;
    drawn
        .figure
        .notes
        .iter()
        .for_each(|note| output::note(format!("note: {note}")));
    // Bands, smoothing and n are for the caption, which is not in the picture.
    output::note(format!("caption: {}", drawn.figure.caption));
    for (form, path) in forms {
        figures::write(path, &figures::bytes(&drawn, form)?)?;
    }
    if let Some(form) = format {
        to_stdout(&drawn, form)?;
    }
    Ok(())
}

impl Args {
    /// The flags that were given and are not for every kind, each with the key that it sets.
    fn given(&self) -> Vec<(&'static str, &'static str)> {
        let all = [
            ("--metric", "metrics", !self.metric.is_empty()),
            ("--by", "by", !self.by.is_empty()),
            ("--against", "against", self.against.is_some()),
            ("--param", "params", !self.param.is_empty()),
            ("--x", "x", self.x.is_some()),
            ("--smooth", "smoothing", self.smooth.is_some()),
            ("--log-x", "log_x", self.log_x),
            ("--log-y", "log_y", self.log_y),
            ("--band", "band", self.band.is_some()),
            ("--panels", "panels", self.panels.is_some()),
            ("--bins", "bins", self.bins.is_some()),
            ("--x-min", "x_min", self.x_min.is_some()),
            ("--x-max", "x_max", self.x_max.is_some()),
            ("--y-min", "y_min", self.y_min.is_some()),
            ("--y-max", "y_max", self.y_max.is_some()),
            ("--role", "roles", !self.role.is_empty()),
            ("--probe", "probes", !self.probe.is_empty()),
            ("--step", "steps", !self.step.is_empty()),
            ("--film", "arrange", self.film),
            ("--table", "arrange", self.table),
            ("--limit", "limit", self.limit.is_some()),
        ];
        let given = all.into_iter().filter(|(_, _, given)| *given);
        given.map(|(flag, key, _)| (flag, key)).collect()
    }
}

/// A first word that is no run and nearly a kind.
fn mistyped_kind(session: &Session, words: &[String]) -> Result<(), Failure> {
    let Some(word) = words.first() else {
        return Ok(());
    };
    match suggest::nearest(word, Kind::WORDS.iter().copied()) {
        Some(near) if near != word && session.find(word).is_err() => Err(Failure::usage(format!(
            "`{word}` is neither a run nor a kind of figure (did you mean `{near}`?): the kinds are {}",
            Kind::WORDS.join(", ")
        ))),
        _ => Ok(()),
    }
}

fn to_stdout(drawn: &Drawn, form: Form) -> Result<(), Failure> {
    let mut out = output::stdout();
    out.write_all(&figures::bytes(drawn, form)?)?;
    output::finish(out)
}

/// What the figure begins with: a file, another figure, or nothing.
fn begin(args: &Args) -> Result<(FigureSpec, Option<Provenance>), Failure> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))
    };
    if let Some(path) = &args.again {
        let provenance =
            Provenance::read(&read(path)?).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        return Ok((provenance.figure.clone(), Some(provenance)));
    }
    if let Some(path) = &args.spec {
        let text = String::from_utf8(read(path)?)
            .map_err(|_| Failure::usage(format!("{} is not text", path.display())))?;
        let spec =
            spec::from_toml(&path.display().to_string(), &text).map_err(|e| Failure::usage(e.to_string()))?;
        return Ok((spec, None));
    }
    Ok((FigureSpec::new(Kind::Curves), None))
}

/// Sets what the command line says.
fn overlay(spec: &mut FigureSpec, args: &Args) -> Result<(), Failure> {
    fn list<T: Clone>(to: &mut Vec<T>, from: &[T]) {
        if !from.is_empty() {
            *to = from.to_vec();
        }
    }
    fn word<T: std::str::FromStr<Err = Unknown>>(to: &mut T, from: Option<&String>) -> Result<(), Failure> {
        if let Some(text) = from {
            *to = text.parse().map_err(|e: Unknown| Failure::usage(e.to_string()))?;
        }
        Ok(())
    }
    fn some<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    list(&mut spec.metrics, &args.metric);
    list(&mut spec.by, &args.by);
    list(&mut spec.params, &args.param);
    list(&mut spec.roles, &args.role);
    list(&mut spec.probes, &args.probe);
    list(&mut spec.steps, &args.step);
    some(&mut spec.against, &args.against);
    some(&mut spec.title, &args.title);
    some(&mut spec.x_min, &args.x_min);
    some(&mut spec.x_max, &args.x_max);
    some(&mut spec.y_min, &args.y_min);
    some(&mut spec.y_max, &args.y_max);
    some(&mut spec.width, &args.width);
    some(&mut spec.height, &args.height);
    word::<XAxis>(&mut spec.x, args.x.as_ref())?;
    word::<Band>(&mut spec.band, args.band.as_ref())?;
    word::<Panels>(&mut spec.panels, args.panels.as_ref())?;
    word::<Preset>(&mut spec.preset, args.preset.as_ref())?;
    word::<Theme>(&mut spec.theme, args.theme.as_ref())?;
    spec.smoothing = args.smooth.unwrap_or(spec.smoothing);
    spec.bins = args.bins.unwrap_or(spec.bins);
    spec.limit = args.limit.unwrap_or(spec.limit);
    spec.dpi = args.dpi.unwrap_or(spec.dpi);
    spec.log_x |= args.log_x;
    spec.log_y |= args.log_y;
    spec.notes &= !args.no_notes;
    for text in &args.label {
        let (name, label) = named(text).ok_or_else(|| {
            Failure::usage(format!(
                "--label {text}: expected NAME=TEXT, such as 'eval/l1=L1 error'"
            ))
        })?;
        spec.labels.insert(name.to_owned(), label.to_owned());
    }
    if args.film {
        spec.arrange = Arrange::Steps;
    }
    if args.table {
        spec.arrange = Arrange::Table;
    }
    Ok(())
}

/// `NAME=TEXT` in two. In names such as `n_layers = 3` a sign of equality stands between spaces.
fn named(text: &str) -> Option<(&str, &str)> {
    let bare = |at: &usize| !text[..*at].ends_with(' ') && !text[at + 1..].starts_with(' ');
    let at = text.match_indices('=').map(|(at, _)| at).find(bare)?;
    (at > 0).then(|| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_may_hold_signs_of_equality() {
        assert_eq!(named("eval/l1=L1 error"), Some(("eval/l1", "L1 error")));
        assert_eq!(named("n_layers = 3=70 x 70"), Some(("n_layers = 3", "70 x 70")));
        assert_eq!(named("lambda_l1 = 1=w = 1"), Some(("lambda_l1 = 1", "w = 1")));
        assert_eq!((named("eval/l1"), named("=x")), (None, None));
    }
}
