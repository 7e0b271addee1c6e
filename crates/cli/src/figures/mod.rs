//! From a figure's specification to its files, through the store.

mod load;
mod resolve;
mod write;

pub use load::{image_shots, series};
pub use resolve::{name_in_store, runs, words};
pub use write::{Partial, write};

use diptych_domain::RunSummary;
use diptych_plots::export::Form;
use diptych_plots::kinds::{self, Loaded, ablation, images};
use diptych_plots::spec::Kind;
use diptych_plots::{Figure, FigureError, FigureSpec, Provenance, export};

use crate::environment::VERSION;
use crate::failure::Failure;
use crate::render::comparison::{Format, Page};
use crate::session::Session;

/// A figure with what it was made from.
#[derive(Clone)]
pub struct Drawn {
    /// What was asked for.
    pub spec: FigureSpec,
    /// The figure.
    pub figure: Figure,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Its runs.
    pub runs: Vec<RunSummary>,
}

impl Drawn {
    /// The same at another resolution.
    pub fn at(&self, dpi: u32) -> Self {
        let mut other = self.clone();
        other.spec.dpi = dpi;
        other.provenance.figure.dpi = dpi;
        other
    }
}

/// Which figures are the user's to mend: all but failures of libraries and files.
pub fn explain(error: FigureError) -> Failure {
    let text = error.to_string();
    match error {
        FigureError::Export { .. } => Failure::new(text),
        _ => Failure::usage(text),
    }
}

/// Reads what the figure needs and makes it.
pub fn draw(session: &Session, spec: FigureSpec, runs: Vec<RunSummary>) -> Result<Drawn, Failure> {
    let figure = if spec.kind == Kind::Images {
        let shots = image_shots(session, &runs)?;
        let list: Vec<images::Shot> = shots.iter().map(|(shot, _)| shot.clone()).collect();
        let grid = images::grid(&spec, &runs, &list).map_err(explain)?;
        let content = |i: usize| load::content(&shots[i].1);
        images::figure(&spec, &runs, &list, grid, content).map_err(explain)?
    } else {
        let requests = kinds::plan(&spec, &runs).map_err(explain)?;
        let loaded = Loaded {
            curves: series(session, &spec, &runs, requests)?,
            alarms: if spec.kind == Kind::Health {
                load::alarms(session, &spec, &runs)?
            } else {
                Vec::new()
            },
        };
        kinds::build(&spec, &runs, &loaded).map_err(explain)?
    };
    Ok(Drawn {
        provenance: Provenance::of(&format!("diptych {VERSION}"), &spec, &runs),
        figure,
        spec,
        runs,
    })
}

/// The bytes of the figure's file. The LaTeX of an ablation is the table, ready to be included.
pub fn bytes(drawn: &Drawn, form: Form) -> Result<Vec<u8>, Failure> {
    if form == Form::Latex && drawn.spec.kind == Kind::Ablation {
        let table = ablation::table(&drawn.spec, &drawn.runs).map_err(explain)?;
        let text = Page::new(&table)
            .called(&drawn.spec.labels)
            .render(Format::Latex, 100, false);
        return Ok(format!("% diptych {}\n{text}", drawn.provenance.to_json()).into_bytes());
    }
    export::bytes(&drawn.figure, &drawn.spec, &drawn.provenance, form).map_err(explain)
}
