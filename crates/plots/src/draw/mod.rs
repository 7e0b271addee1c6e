//! A figure as SVG: where everything lies, in CSS pixels, and plotters' drawing areas to draw it in.
//!
//! PNG and PDF are made from this SVG, so that all three show the same.

mod axes;
mod elements;
pub mod font;
mod images;
mod labels;
mod legend;
mod panels;
mod parallel;
mod sheet;
mod svg;

pub use svg::{base64, escaped};

use crate::error::FigureError;
use crate::figure::{Body, Figure};
use crate::layout;
use crate::spec::FigureSpec;

use font::Weight;
use sheet::Sheet;

/// What goes into an SVG beside the drawing.
#[derive(Clone, Debug, Default)]
pub struct Embed {
    /// Where the figure comes from, as JSON.
    pub provenance: Option<String>,
    /// What ids begin with, so that several figures fit into one page.
    pub id: String,
    /// Whether the fonts are in it, so that a viewer without them shows the same.
    pub fonts: bool,
}

/// The figure as an SVG document.
///
/// # Errors
/// Where plotters refuses.
pub fn svg(figure: &Figure, spec: &FigureSpec, embed: &Embed) -> Result<String, FigureError> {
    let sizes = layout::sizes(spec);
    let mut body = String::new();
    let height = {
        let sheet = Sheet::new(&mut body, spec, &embed.id);
        let margin = sheet.em(0.4);
        let inner = sizes.width - 2.0 * margin;
        let mut y = margin;
        if let Some(title) = &figure.title {
            let size = sheet.sizes.font * 1.15;
            for line in font::wrapped(title, inner, size, Weight::SemiBold) {
                y += size * 1.25;
                sheet.heading(margin, y - size * 0.25, &line, size)?;
            }
            y += sheet.em(0.4);
        }
        // The legend, and below everything the notes.
        let legend = legend::Legend::new(&figure.legend, inner, &sheet);
        legend.draw(&sheet, margin, y)?;
        y += legend.height;
        let notes = notes(figure, spec, inner, &sheet);
        let small = sheet.sizes.font * 0.85;
        let notes_height = if notes.is_empty() {
            0.0
        } else {
            sheet.em(0.6) + notes.len() as f64 * small * 1.35
        };
        let room = sizes
            .height
            .map(|h| (h - y - notes_height - margin).max(sheet.em(6.0)));
        y += match &figure.body {
            Body::Panels(all) => panels::draw(&sheet, all, spec, (margin, y, inner), room)?,
            Body::Images(grid) => images::draw(&sheet, grid, (margin, y, inner), room)?,
        };
        if !notes.is_empty() {
            y += sheet.em(0.6);
            for line in &notes {
                y += small * 1.35;
                sheet.small(margin, y - small * 0.35, line, small)?;
            }
        }
        (y + margin).max(sizes.height.unwrap_or(0.0)).ceil()
    };
    let ground = crate::style::colours(spec.theme).ground;
    let alt = figure.alt();
    let title = figure
        .title
        .clone()
        .unwrap_or_else(|| format!("{} figure", figure.kind));
    let (w, h) = (svg::fine(sizes.width), svg::fine(height));
    let metadata = embed.provenance.as_ref().map_or(String::new(), |json| {
        format!(
            "<metadata><provenance xmlns=\"https://diptych.invalid/figure\">{}</provenance></metadata>\n",
            escaped(json)
        )
    });
    let id = &embed.id;
    let fonts = if embed.fonts {
        font::faces(&body)
    } else {
        String::new()
    };
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         aria-labelledby=\"{id}t {id}d\" font-family=\"{}\" stroke-linejoin=\"round\">\n<title id=\"{id}t\">{}</title>\n\
         <desc id=\"{id}d\">{}</desc>\n{metadata}{fonts}<rect width=\"{w}\" height=\"{h}\" fill=\"{ground}\"/>\n{body}</svg>\n",
        millimetres(sizes.width),
        millimetres(height),
        font::FAMILY,
        escaped(&title),
        escaped(&alt),
    ))
}

/// CSS pixels as millimetres with two decimals.
fn millimetres(px: f64) -> String {
    let text = format!("{:.2}", px * 25.4 / 96.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What is said below the figure, in lines.
fn notes(figure: &Figure, spec: &FigureSpec, room: f64, sheet: &Sheet<'_>) -> Vec<String> {
    const MOST: usize = 6;
    if !spec.notes {
        return Vec::new();
    }
    let size = sheet.sizes.font * 0.85;
    let mut lines: Vec<String> = figure
        .notes
        .iter()
        .flat_map(|note| font::wrapped(&format!("{note}."), room, size, Weight::Regular))
        .collect();
    if lines.len() > MOST {
        lines.truncate(MOST);
        if let Some(last) = lines.last_mut() {
            *last = font::fitted(
                &format!("{} …", last.trim_end_matches('.')),
                room,
                size,
                Weight::Regular,
            );
        }
    }
    lines
}

#[cfg(test)]
mod tests;
