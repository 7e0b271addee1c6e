//! The stable JSON form of an ablation table.

use diptych_domain::compare::bootstrap::{LEVEL, RESAMPLES};
use diptych_domain::compare::{Cell, Note, Table};
use serde_json::{Map, Value, json};

/// The document.
pub fn document(table: &Table<'_>, query: &str) -> Value {
    json!({
        "query": query,
        "by": table.factors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "metrics": table.columns.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "runs": table.runs,
        "against": table.baseline.map(|i| levels(table, &table.cells[i])),
        "interval": table.baseline.map(|_| json!({
            "method": "percentile bootstrap", "level": LEVEL, "resamples": RESAMPLES,
            "paired_by": "seed", "of": "cell minus baseline",
        })),
        "cells": (0..table.cells.len()).map(|i| cell(table, i)).collect::<Vec<_>>(),
        "notes": notes(&table.notes),
    })
}

fn levels(table: &Table<'_>, cell: &Cell<'_>) -> Value {
    let pairs = table.factors.iter().zip(&cell.levels);
    pairs
        .map(|(f, l)| (f.to_string(), json!(l.param())))
        .collect::<Map<_, _>>()
        .into()
}

fn notes(notes: &[Note]) -> Value {
    notes
        .iter()
        .map(|n| json!({"kind": n.kind(), "text": n.to_string()}))
        .collect()
}

fn cell(table: &Table<'_>, i: usize) -> Value {
    let cell = &table.cells[i];
    let metrics: Map<String, Value> = table
        .columns
        .iter()
        .zip(&cell.measured)
        .enumerate()
        .map(|(k, (column, m))| {
            let s = m.sample;
            let difference = m.difference.map(|d| {
                json!({
                    "value": d.value, "pairs": d.pairs, "paired": d.paired,
                    "low": d.interval.map(|i| i.low), "high": d.interval.map(|i| i.high),
                })
            });
            let value = json!({
                "n": m.values.len(), "missing": m.missing,
                "mean": s.map(|s| s.mean), "std": s.and_then(|s| s.std), "median": s.map(|s| s.median),
                "min": s.map(|s| s.min), "max": s.map(|s| s.max),
                "best": table.best(k).contains(&i),
                "values": m.values.iter().map(|(seed, value)| json!({"seed": seed, "value": value})).collect::<Vec<_>>(),
                "difference": difference,
            });
            (column.to_string(), value)
        })
        .collect();
    let names =
        |runs: &[&diptych_domain::RunSummary]| runs.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
    json!({
        "levels": levels(table, cell),
        "runs": names(&cell.runs),
        "left_out": names(&cell.left_out),
        "metrics": metrics,
        "notes": notes(&cell.notes),
    })
}
