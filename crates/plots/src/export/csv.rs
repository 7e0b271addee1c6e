//! The plotted numbers, one a line.

use std::fmt::Write;

use crate::error::FigureError;
use crate::figure::{Axis, Body, Figure, Shape, Values};

/// Comma-separated values: `panel,series,mark,x,y,low,high`. Numbers are in full; categories are their names. Curves hold the points that
/// are drawn, which are fewer than were logged where these would fall into one another.
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
    let mut out = String::from("panel,series,mark,x,y,low,high\n");
    for panel in panels {
        let name = panel.title.clone().unwrap_or_else(|| {
            if panel.y.label.is_empty() {
                panel.x.label.clone()
            } else {
                panel.y.label.clone()
            }
        });
        for mark in &panel.marks {
            let mut row = |kind: &str, x: String, y: String, ends: Option<[f64; 2]>| {
                let [low, high] = ends.map_or([String::new(), String::new()], |e| e.map(|v| v.to_string()));
                let fields = [&name, &mark.name, kind, &x, &y, &low, &high].map(field);
                // Writing to a string does not fail.
                let _ = writeln!(out, "{}", fields.join(","));
            };
            let (px, py) = (|v: f64| place(&panel.x, v), |v: f64| place(&panel.y, v));
            match &mark.shape {
                Shape::Line { strands, .. } => {
                    for (i, strand) in strands.iter().enumerate() {
                        if i > 0 {
                            row("gap", String::new(), String::new(), None);
                        }
                        strand.iter().for_each(|p| row("line", px(p[0]), py(p[1]), None));
                    }
                }
                Shape::Band { points } => {
                    points
                        .iter()
                        .for_each(|[x, low, high]| row("band", px(*x), String::new(), Some([*low, *high])));
                }
                Shape::Points { at, .. } => at
                    .iter()
                    .for_each(|p| row("point", px(p[0]), rounded(&panel.y, p[1]), None)),
                Shape::Interval { at, ends, .. } => row("interval", px(at[0]), py(at[1]), *ends),
                Shape::Bar {
                    across,
                    along,
                    along_x: true,
                } => {
                    row(
                        "bar",
                        along[1].to_string(),
                        place(&panel.y, (across[0] + across[1]) / 2.0),
                        None,
                    );
                }
                Shape::Bar {
                    across,
                    along,
                    along_x: false,
                } => {
                    row(
                        "bar",
                        ((across[0] + across[1]) / 2.0).to_string(),
                        (along[1] - along[0]).to_string(),
                        Some(*across),
                    );
                }
                Shape::RuleX { x } => row("rule", px(*x), String::new(), None),
                Shape::RuleY { y } => row("rule", String::new(), py(*y), None),
                Shape::Text { at, .. } => row("text", px(at[0]), py(at[1]), None),
                Shape::Vertical { axis, .. } => row(
                    "axis",
                    axis.label.clone(),
                    String::new(),
                    Some([axis.scale.low, axis.scale.high]),
                ),
            }
        }
    }
    Ok(out)
}

/// A number, or the category that stands there.
fn place(axis: &Axis, value: f64) -> String {
    match &axis.values {
        Values::Categories(names) if value.fract() == 0.0 && value >= 0.0 => names
            .get(value as usize)
            .cloned()
            .unwrap_or_else(|| value.to_string()),
        _ => value.to_string(),
    }
}

/// As [`place`], for points that stand beside the middle of their category.
fn rounded(axis: &Axis, value: f64) -> String {
    if matches!(axis.values, Values::Categories(_)) {
        place(axis, value.round())
    } else {
        value.to_string()
    }
}

fn field<S: AsRef<str>>(text: S) -> String {
    let text = text.as_ref();
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
