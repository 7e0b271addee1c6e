//! The plotted numbers, one a line.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::error::FigureError;
use crate::figure::{Body, Cell, Figure, Line, Mark, Numbers, Panel, Series, Shape};

/// Comma-separated values, numbers in full. Of curves `metric,series,mark,x,y,low,high,n`: the points that are drawn, which are fewer than
/// were logged where these would fall into one another. Every other kind has columns of its own.
///
/// # Errors
/// A grid of images, which has no numbers.
pub fn text(figure: &Figure) -> Result<String, FigureError> {
    let Body::Panels(panels) = &figure.body else {
        return Err(FigureError::Export {
            form: "CSV",
            problem: "a grid of images has no numbers; SVG, PNG and PDF are its forms".into(),
        });
    };
    let mut out = String::new();
    match &figure.numbers {
        Numbers::Table(table) => {
            line(&mut out, table.head.iter().map(|h| field(h)));
            for row in &table.rows {
                line(&mut out, row.iter().map(cell));
            }
        }
        Numbers::Curves(series) => {
            out.push_str("metric,series,mark,x,y,low,high,n\n");
            panels.iter().for_each(|panel| curves(&mut out, panel, series));
        }
    }
    Ok(out)
}

fn curves(out: &mut String, panel: &Panel, series: &BTreeMap<String, Series>) {
    let none = Series::default();
    for mark in &panel.marks {
        let of = series.get(&mark.name).unwrap_or(&none);
        let mut row = |kind: &str, [x, y]: [Option<f64>; 2], ends: Option<[f64; 2]>, n: Option<usize>| {
            let number = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
            let [low, high] = ends.map_or([None, None], |e| e.map(Some));
            let n = n.map_or(String::new(), |n| n.to_string());
            let fields = [
                field(&of.metric),
                field(&of.name),
                kind.to_owned(),
                number(x),
                number(y),
                number(low),
                number(high),
                n,
            ];
            line(out, fields.into_iter());
        };
        match &mark.shape {
            Shape::Line { line: Line::Thin, .. } => {}
            Shape::Line { .. } if !of.n.is_empty() => {
                for (x, y, ends) in mean(panel, mark) {
                    row("mean", [Some(x), y], ends, Some(of.n_at(x)));
                }
            }
            Shape::Line { strands, line } => {
                let kind = if *line == Line::Faint {
                    "unsmoothed"
                } else {
                    "line"
                };
                for (i, strand) in strands.iter().enumerate() {
                    if i > 0 {
                        row("gap", [None, None], None, None);
                    }
                    strand.iter().for_each(|p| row(kind, p.map(Some), None, Some(1)));
                }
            }
            Shape::RuleX { x } => {
                let fields = [String::new(), field(&mark.name), "alarm".into(), x.to_string()];
                line(out, fields.into_iter().chain((0..4).map(|_| String::new())));
            }
            // Bands are in the rows of their means; curves have no other marks.
            _ => {}
        }
    }
}

/// The points of a mean, whose line may be in pieces, with its band.
fn mean(panel: &Panel, main: &Mark) -> Vec<(f64, Option<f64>, Option<[f64; 2]>)> {
    let own = || panel.marks.iter().filter(|m| m.name == main.name);
    let mut points: Vec<(f64, Option<f64>, Option<[f64; 2]>)> = Vec::new();
    for mark in own() {
        if let Shape::Line { strands, .. } = &mark.shape {
            points.extend(strands.iter().flatten().map(|p| (p[0], Some(p[1]), None)));
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Pieces begin where others end.
    points.dedup_by_key(|p| p.0);
    for mark in own() {
        let Shape::Band { points: band } = &mark.shape else {
            continue;
        };
        for [x, low, high] in band {
            match points.binary_search_by(|p| p.0.total_cmp(x)) {
                Ok(at) => points[at].2 = Some([*low, *high]),
                Err(at) => points.insert(at, (*x, None, Some([*low, *high]))),
            }
        }
    }
    points
}

fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            out.push(',');
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{field}");
    }
    out.push('\n');
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => field(text),
        Cell::Number(value) => value.to_string(),
    }
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
