//! Figures as files. PNG and PDF are made from the SVG; CSV and LaTeX hold exactly the numbers that are drawn.

pub mod csv;
pub mod latex;
pub mod pdf;
pub mod png;
mod tree;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use diptych_domain::suggest;

use crate::draw::{self, Embed};
use crate::error::FigureError;
use crate::figure::Figure;
use crate::provenance::Provenance;
use crate::spec::FigureSpec;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Vectors for pages and browsers.
    Svg,
    /// Pixels.
    Png,
    /// Vectors for LaTeX.
    Pdf,
    /// The plotted numbers.
    Csv,
    /// The plotted numbers as a pgfplots picture.
    Latex,
}

impl Form {
    const ENDINGS: [(&'static str, Self); 5] = [
        ("svg", Self::Svg),
        ("png", Self::Png),
        ("pdf", Self::Pdf),
        ("csv", Self::Csv),
        ("tex", Self::Latex),
    ];

    /// All of them.
    pub const ALL: [Self; 5] = [Self::Svg, Self::Png, Self::Pdf, Self::Csv, Self::Latex];

    /// What a file of that name is expected to hold.
    ///
    /// # Errors
    /// An ending that is none of ours.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        ending
            .parse()
            .map_err(|e: String| format!("{}: {e}", path.display()))
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let lower = word.to_lowercase();
        let found = Self::ENDINGS
            .iter()
            .find(|(ending, _)| *ending == lower)
            .map(|(_, form)| *form);
        found.ok_or_else(|| {
            let words = Self::ENDINGS.map(|(ending, _)| ending);
            let what = if word.is_empty() {
                "no format".to_owned()
            } else {
                format!("unknown format `{word}`")
            };
            format!(
                "{what}{}: expected one of {}",
                suggest::hint(&lower, words),
                words.join(", ")
            )
        })
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            Self::ENDINGS
                .iter()
                .find(|(_, form)| form == self)
                .map_or("", |(ending, _)| ending),
        )
    }
}

/// The bytes of a file. The same figure always gives the same bytes.
///
/// # Errors
/// Where a figure has no such form (a grid of images has no numbers), or a library refuses.
pub fn bytes(
    figure: &Figure,
    spec: &FigureSpec,
    provenance: &Provenance,
    form: Form,
) -> Result<Vec<u8>, FigureError> {
    let json = provenance.to_json();
    let embed = Embed {
        provenance: (form == Form::Svg).then(|| json.clone()),
        id: "f".into(),
        fonts: form == Form::Svg,
    };
    match form {
        Form::Svg => Ok(draw::svg(figure, spec, &embed)?.into_bytes()),
        Form::Png => png::bytes(&draw::svg(figure, spec, &embed)?, spec.dpi, Some(&json)),
        Form::Pdf => pdf::bytes(&draw::svg(figure, spec, &embed)?, figure, provenance),
        Form::Csv => Ok(format!("# diptych {json}\n{}", csv::text(figure)?).into_bytes()),
        Form::Latex => Ok(format!("% diptych {json}\n{}", latex::text(figure, spec)?).into_bytes()),
    }
}

#[cfg(test)]
mod tests;
