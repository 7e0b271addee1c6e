//! PDF: vectors, text that can be selected, the fonts that it uses inside.

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};

use super::tree;
use crate::error::FigureError;
use crate::figure::Figure;
use crate::provenance::Provenance;

/// A page as large as the figure.
///
/// # Errors
/// Where the drawing cannot be read back or written.
pub fn bytes(svg: &str, figure: &Figure, provenance: &Provenance) -> Result<Vec<u8>, FigureError> {
    let refuse = |problem: &str| FigureError::Export {
        form: "PDF",
        problem: problem.to_owned(),
    };
    let tree = tree::parse(svg, "PDF")?;
    // CSS pixels are 3/4 points.
    let (w, h) = (tree.size().width() * 0.75, tree.size().height() * 0.75);
    let size = Size::from_wh(w, h).ok_or_else(|| refuse("it has no size"))?;
    let mut document = Document::new();
    let title = figure
        .title
        .clone()
        .unwrap_or_else(|| format!("{} figure", figure.kind));
    document.set_metadata(
        Metadata::new()
            .title(title)
            .description(figure.alt())
            .creator(provenance.generator.clone())
            .keywords(vec![provenance.to_json()])
            .language("en".into()),
    );
    let settings = PageSettings::from_wh(w, h).ok_or_else(|| refuse("it has no size"))?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    surface
        .draw_svg(&tree, size, SvgSettings::default())
        .ok_or_else(|| refuse("the drawing is not understood"))?;
    surface.finish();
    page.finish();
    document.finish().map_err(|e| refuse(&format!("{e:?}")))
}
