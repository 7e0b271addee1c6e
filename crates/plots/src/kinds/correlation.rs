//! How settings correlate with a metric: Spearman's rank correlation with its interval, strongest first.

use diptych_domain::RunSummary;

use super::common::{
    Numbered, columns, counted, listed, metric_label, settings, short, sizes, spearman, within_limit,
};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Figure, Ink, Mark, Numbers, Panel, Rows, Scale, Shape, Values};
use crate::spec::{Band, FigureSpec, Kind};

/// The 97.5 % quantile of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

struct Row {
    name: String,
    rho: f64,
    ends: Option<[f64; 2]>,
    n: usize,
}

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let settings = settings(spec, runs)?;
    let mut notes = Vec::new();
    let (mut words, mut still) = (Vec::new(), Vec::new());
    let mut panels = Vec::new();
    for column in &columns {
        let mut rows = Vec::new();
        for factor in &settings {
            let along = Numbered::of(factor, runs);
            // Two words have an order as good as that of false and true; more have none.
            let name = match &along.names {
                Some(names) if names.len() == 2 => format!("{} = {}", short(&along.key), names[1]),
                Some(_) if !along.is_constant() => {
                    words.push(along.key);
                    continue;
                }
                _ => short(&along.key).to_owned(),
            };
            let pairs: Vec<(f64, f64)> = (0..runs.len())
                .filter_map(|i| Some((along.places[i]?, column.value(&runs[i])?)))
                .collect();
            match spearman(&pairs) {
                Some(rho) => rows.push(Row {
                    name,
                    rho,
                    ends: interval(rho, pairs.len()),
                    n: pairs.len(),
                }),
                None => still.push(along.key),
            }
        }
        if rows.is_empty() {
            continue;
        }
        rows.sort_by(|a, b| b.rho.abs().total_cmp(&a.rho.abs()).then(a.name.cmp(&b.name)));
        let (n, left_out) = within_limit(rows.len(), spec.limit, "settings");
        rows.truncate(n);
        notes.extend(left_out);
        panels.push((metric_label(column), rows));
    }
    let unique = |mut all: Vec<String>| {
        all.sort();
        all.dedup();
        all
    };
    let (words, still) = (unique(words), unique(still));
    if !words.is_empty() {
        notes.push(format!("Words without an order are left out: {}", listed(&words)));
    }
    if !still.is_empty() {
        notes.push(format!(
            "Without variation where the metric is known: {}",
            listed(&still)
        ));
    }
    if panels.is_empty() {
        return Err(FigureError::Empty {
            why: if notes.is_empty() {
                "no setting varies between the runs".into()
            } else {
                notes.join("; ")
            },
        });
    }
    if panels.iter().flat_map(|(_, rows)| rows).any(|r| r.n < 10) {
        notes.push("Of fewer than 10 runs a correlation says little".into());
    }
    let counts: Vec<usize> = panels.iter().flat_map(|(_, rows)| rows).map(|r| r.n).collect();
    let names: Vec<String> = panels.iter().map(|(name, _)| name.clone()).collect();
    let any = panels.iter().flat_map(|(_, rows)| rows).any(|r| r.ends.is_some());
    let intervals = if any && spec.band != Band::None {
        " with 95 % intervals"
    } else {
        ""
    };
    let mut table = Rows::new(["metric", "setting", "correlation", "low", "high", "n"]);
    for (metric, rows) in &panels {
        for row in rows {
            let ends = row.ends.filter(|_| spec.band != Band::None);
            table.rows.push(vec![
                metric.clone().into(),
                row.name.clone().into(),
                row.rho.into(),
                ends.map(|e| e[0]).into(),
                ends.map(|e| e[1]).into(),
                (row.n as f64).into(),
            ]);
        }
    }
    Ok(Figure {
        kind: Kind::Correlation,
        title: spec.title.clone(),
        caption: spec.caption.clone().unwrap_or_else(|| {
            format!(
                "Spearman's rank correlation of settings with {}{intervals} ({}).",
                listed(&names),
                sizes(counts.iter().copied())
            )
        }),
        body: Body::Panels(
            panels
                .into_iter()
                .map(|(name, rows)| panel(spec, &name, &rows))
                .collect(),
        ),
        legend: Vec::new(),
        notes,
        runs: runs.len(),
        numbers: Numbers::Table(table),
    })
}

fn panel(spec: &FigureSpec, metric: &str, rows: &[Row]) -> Panel {
    let mut marks = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let y = i as f64;
        let mut push = |ink: Ink, shape: Shape| {
            marks.push(Mark {
                name: format!("{} ({})", row.name, counted(row.n, "run")),
                ink,
                shape,
            });
        };
        push(
            Ink::Slot(usize::from(row.rho < 0.0)),
            Shape::Bar {
                across: [y - 0.32, y + 0.32],
                along: [0.0, row.rho],
                along_x: true,
            },
        );
        if spec.band != Band::None {
            push(
                Ink::Plain,
                Shape::Interval {
                    at: [row.rho, y],
                    ends: row.ends,
                    along_x: true,
                },
            );
        }
    }
    marks.push(Mark {
        name: String::new(),
        ink: Ink::Plain,
        shape: Shape::RuleX { x: 0.0 },
    });
    Panel {
        title: None,
        x: Axis {
            label: format!("correlation with {metric}"),
            scale: Scale::exact(-1.0, 1.0),
            values: Values::Numbers,
        },
        y: Axis {
            label: String::new(),
            scale: Scale::exact(rows.len() as f64 - 0.5, -0.5),
            values: Values::Categories(rows.iter().map(|r| r.name.clone()).collect()),
        },
        marks,
        legend: Vec::new(),
    }
}

/// By Fisher's transformation with the standard error of Bonett & Wright (2000); four runs at least.
fn interval(rho: f64, n: usize) -> Option<[f64; 2]> {
    if n < 4 {
        return None;
    }
    let error = ((1.0 + rho * rho / 2.0) / (n as f64 - 3.0)).sqrt();
    // At 1 the transformation is infinite.
    let z = rho.clamp(-0.999_999, 0.999_999).atanh();
    Some([(z - NORMAL * error).tanh(), (z + NORMAL * error).tanh()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the squared differences of the ranks sum to 22, so rho is 1 - 6 * 22 / (8 * 63) = 0.738095; atanh 0.946282, error
    /// sqrt((1 + rho^2 / 2) / 5) = 0.504459, so the interval ends at tanh(-0.042439) and tanh(1.935003).
    #[test]
    fn known_values() {
        let pairs: Vec<(f64, f64)> = [2.0, 1.0, 4.0, 3.0, 7.0, 8.0, 6.0, 5.0]
            .into_iter()
            .enumerate()
            .map(|(i, v)| (i as f64, v))
            .collect();
        let rho = spearman(&pairs).unwrap();
        assert!((rho - (1.0 - 132.0 / 504.0)).abs() < 1e-12);
        let [low, high] = interval(rho, 8).unwrap();
        assert!(
            (low - (-0.04241)).abs() < 1e-5 && (high - 0.95914).abs() < 1e-5,
            "{low} {high}"
        );
    }

    #[test]
    fn ties_share_ranks_and_what_stands_still_has_none() {
        // scipy: spearmanr([1,1,2,2], [1,2,3,4]) = 0.894427191
        let rho = spearman(&[(1.0, 1.0), (1.0, 2.0), (2.0, 3.0), (2.0, 4.0)]).unwrap();
        assert!((rho - 0.894_427_191).abs() < 1e-9);
        assert_eq!(spearman(&[(1.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(spearman(&[]), None);
        assert_eq!(interval(0.5, 3), None);
    }
}
