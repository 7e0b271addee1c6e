//! How a metric is distributed over runs.

use diptych_domain::RunSummary;
use diptych_domain::compare::Column;
use diptych_domain::compare::stats::quantile;

use super::common::{self, between, columns, counted, factors, groups, listed, metric_label};
use crate::error::FigureError;
use crate::figure::{Axis, Body, Figure, Ink, Mark, Numbers, Panel, Rows, Scale, Shape, Values};
use crate::spec::{FigureSpec, Kind};

pub fn build(spec: &FigureSpec, runs: &[RunSummary]) -> Result<Figure, FigureError> {
    let columns = columns(spec, runs)?;
    let factors = factors(spec, runs)?;
    let groups = groups(&factors, runs);
    let mut notes = Vec::new();
    let mut panels = Vec::new();
    let mut rows = Rows::new(["metric", "group", "from", "to", "runs"]);
    let mut most = 0;
    for column in &columns {
        let fits = |v: &f64| (!spec.log_y || *v > 0.0) && between(*v, spec.x_min, spec.x_max);
        let values = |of: &[usize]| -> Vec<f64> {
            of.iter()
                .filter_map(|run| column.value(&runs[*run]).filter(fits))
                .collect()
        };
        let everyone: Vec<usize> = (0..runs.len()).collect();
        let parts: Vec<(Option<String>, Vec<f64>)> = if groups.is_empty() {
            vec![(None, values(&everyone))]
        } else {
            groups
                .iter()
                .map(|g| (Some(g.label.clone()), values(&g.runs)))
                .collect()
        };
        let n = parts.iter().map(|(_, v)| v.len()).sum::<usize>();
        let ends = common::ends(spec);
        let within = if ends.is_empty() {
            String::new()
        } else {
            format!(" within {}", listed(&ends))
        };
        if n == 0 {
            notes.push(format!("No finite value of {column}{within}"));
            continue;
        }
        if n < runs.len() {
            notes.push(format!(
                "{} of {} runs have no finite value of {column}{within}",
                runs.len() - n,
                runs.len()
            ));
        }
        most = most.max(n);
        panels.extend(column_panels(spec, column, &parts, &mut rows));
    }
    if panels.is_empty() {
        return Err(FigureError::Empty {
            why: notes.join("; "),
        });
    }
    let metrics: Vec<String> = columns.iter().map(metric_label).collect();
    let by = common::names(&factors);
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(" by {}", listed(&by))
    };
    Ok(Figure {
        kind: Kind::Histogram,
        title: spec.title.clone(),
        caption: spec
            .caption
            .clone()
            .unwrap_or_else(|| format!("{} over {}{by}.", listed(&metrics), counted(most, "run"))),
        body: Body::Panels(panels),
        legend: Vec::new(),
        notes,
        runs: most,
        numbers: Numbers::Table(rows),
    })
}

/// A panel a group, all with the same bins and axes: bars on top of each other would have to be told apart by colours, and only the
/// lowest could be read off.
fn column_panels(
    spec: &FigureSpec,
    column: &Column,
    parts: &[(Option<String>, Vec<f64>)],
    rows: &mut Rows,
) -> Vec<Panel> {
    let forth = |v: f64| if spec.log_y { v.log10() } else { v };
    let back = |v: f64| if spec.log_y { 10_f64.powf(v) } else { v };
    let mut sorted: Vec<f64> = parts
        .iter()
        .flat_map(|(_, v)| v.iter().map(|v| forth(*v)))
        .collect();
    sorted.sort_by(f64::total_cmp);
    let edges = edges(&sorted, spec.bins as usize);
    let bins = edges.len() - 1;
    let bin = |v: f64| edges[1..bins].partition_point(|e| *e <= v);
    let counts: Vec<Vec<u32>> = parts
        .iter()
        .map(|(_, values)| {
            let mut counts = vec![0_u32; bins];
            values.iter().for_each(|v| counts[bin(forth(*v))] += 1);
            counts
        })
        .collect();
    let highest = f64::from(counts.iter().flatten().copied().max().unwrap_or(1).max(1));
    let x = Axis {
        label: metric_label(column),
        scale: Scale::around(
            back(edges[0]),
            back(edges[bins]),
            spec.log_y,
            (spec.x_min, spec.x_max),
        ),
        values: Values::Numbers,
    };
    let y = Axis {
        label: "runs".into(),
        scale: Scale::exact(0.0, spec.y_max.unwrap_or(highest * 1.06)),
        values: Values::Whole,
    };
    let mut panels = Vec::new();
    for ((group, values), counts) in parts.iter().zip(counts) {
        let mut marks = Vec::new();
        for (b, count) in counts.into_iter().enumerate() {
            let (from, to) = (back(edges[b]), back(edges[b + 1]));
            rows.rows.push(vec![
                column.to_string().into(),
                group.clone().into(),
                from.into(),
                to.into(),
                f64::from(count).into(),
            ]);
            if count > 0 {
                marks.push(Mark {
                    name: group.clone().unwrap_or_else(|| "runs".to_owned()),
                    ink: Ink::Slot(0),
                    shape: Shape::Bar {
                        across: [from, to],
                        along: [0.0, f64::from(count)],
                        along_x: false,
                    },
                });
            }
        }
        panels.push(Panel {
            title: group.as_ref().map(|g| format!("{g} (n = {})", values.len())),
            x: x.clone(),
            y: y.clone(),
            marks,
            legend: Vec::new(),
        });
    }
    panels
}

/// The edges of equal bins over sorted values: as many as asked for, or as Freedman & Diaconis (1981) have it, no fewer than Sturges
/// (1926) and no more than 60.
fn edges(sorted: &[f64], wanted: usize) -> Vec<f64> {
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
        return vec![0.0, 1.0];
    };
    if low == high {
        let half = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
        return vec![low - half, low + half];
    }
    let n = sorted.len() as f64;
    let bins = if wanted > 0 {
        wanted
    } else {
        let sturges = n.log2().ceil() + 1.0;
        let spread = quantile(sorted, 0.75)
            .zip(quantile(sorted, 0.25))
            .map_or(0.0, |(a, b)| a - b);
        let width = 2.0 * spread / n.cbrt();
        let freedman = if width > 0.0 {
            ((high - low) / width).ceil()
        } else {
            0.0
        };
        freedman.max(sturges).min(60.0) as usize
    };
    (0..=bins)
        .map(|i| low + (high - low) * i as f64 / bins as f64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_all_values() {
        assert_eq!(edges(&[1.0, 2.0, 3.0], 4), [1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(edges(&[2.0, 2.0], 0), [1.9, 2.1]);
        assert_eq!(edges(&[0.0], 7), [-0.5, 0.5]);
        let many: Vec<f64> = (0..1000).map(f64::from).collect();
        // Freedman and Diaconis: 2 * 499.5 / 10 = 99.9 wide.
        assert_eq!(edges(&many, 0).len(), 12);
        let outlier: Vec<f64> = (0..1000)
            .map(|i| if i == 999 { 1e9 } else { f64::from(i) })
            .collect();
        assert_eq!(edges(&outlier, 0).len(), 61);
    }
}
