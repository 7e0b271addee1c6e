//! An SVG read back, with the fonts of the binary and no others.

use std::sync::{Arc, OnceLock};

use resvg::usvg::{Options, Tree, fontdb::Database};

use crate::draw::font::{REGULAR, SEMIBOLD};
use crate::error::FigureError;

fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(SEMIBOLD.to_vec());
            fonts.set_sans_serif_family("Inter");
            Arc::new(fonts)
        })
        .clone()
}

/// Parses an SVG.
pub fn parse(svg: &str, form: &'static str) -> Result<Tree, FigureError> {
    let options = Options {
        fontdb: fonts(),
        font_family: "Inter".into(),
        dpi: 96.0,
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(|e| FigureError::Export {
        form,
        problem: e.to_string(),
    })
}
