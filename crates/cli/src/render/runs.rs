//! Runs as a table and as JSON.

use diptych_domain::query::{Aggregate, Field, FieldValue};
use diptych_domain::{MetricKey, RunStatus, RunSummary};
use serde_json::{Value, json};

use super::human;
use super::table::{Align, Cell, Table};

/// The ANSI style of a status.
pub fn status_style(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "32",
        RunStatus::Finished => "36",
        RunStatus::Stopped => "33",
        RunStatus::Failed | RunStatus::Diverged | RunStatus::Crashed => "31",
        _ => "2",
    }
}

/// The table of `runs`. Scores are the best so far; a column is there where any run has something to show in it.
/// `sorted_by` is shown too where no other column shows it.
pub fn table(runs: &[RunSummary], sorted_by: Option<&Field>, now: f64) -> Table {
    let scores: Vec<(&str, MetricKey)> = [("PSNR", "psnr"), ("SSIM", "ssim"), ("L1", "l1")]
        .map(|(title, name)| (title, MetricKey::eval(name)))
        .into_iter()
        .filter(|(_, key)| runs.iter().any(|r| r.metrics.contains_key(key)))
        .collect();
    let shown =
        |f: &&Field| matches!(f, Field::Metric(key, Aggregate::Best) if scores.iter().any(|(_, k)| k == key));
    let extra = sorted_by.filter(|f| !shown(f)).filter(|f| {
        matches!(
            f,
            Field::Spec(_) | Field::Metric(..) | Field::Device | Field::Note | Field::Id
        )
    });
    let with_tags = runs.iter().any(|r| !r.tags.is_empty());

    let mut columns = vec![
        ("NAME".to_owned(), Align::Left),
        ("STATUS".to_owned(), Align::Left),
        ("MODEL".to_owned(), Align::Left),
        ("EPOCH".to_owned(), Align::Right),
    ];
    columns.extend(
        scores
            .iter()
            .map(|(title, _)| ((*title).to_owned(), Align::Right)),
    );
    columns.extend(extra.map(|f| (f.to_string(), Align::Right)));
    columns.push(("UPDATED".to_owned(), Align::Right));
    if with_tags {
        columns.push(("TAGS".to_owned(), Align::Wrap));
    }

    let mut table = Table::new(columns);
    for run in runs {
        let mut row: Vec<Cell> = vec![
            run.name.as_str().into(),
            Cell::styled(run.status.as_str(), status_style(run.status)),
            run.model.as_str().into(),
            format!("{}/{}", run.epoch, run.spec.optim.total_epochs()).into(),
        ];
        row.extend(scores.iter().map(|(_, key)| {
            Cell::from(
                run.metrics
                    .get(key)
                    .map(|m| human::number(m.best))
                    .unwrap_or_default(),
            )
        }));
        row.extend(extra.map(|f| Cell::from(value(f.value(run)))));
        row.push(human::ago(run.updated, now).into());
        if with_tags {
            row.push(run.tags.join(" ").into());
        }
        table.row(row);
    }
    table
}

fn value(value: Option<FieldValue>) -> String {
    match value {
        None => String::new(),
        Some(FieldValue::Number(v)) => human::number(v),
        Some(FieldValue::Text(v)) => v,
        Some(FieldValue::Bool(v)) => v.to_string(),
        Some(FieldValue::List(v)) => v.join(" "),
    }
}

/// The stable JSON form of a run.
pub fn document(run: &RunSummary) -> Value {
    let metrics: serde_json::Map<String, Value> = run
        .metrics
        .iter()
        .map(|(key, m)| {
            let value = json!({
                "last": m.last, "min": m.min, "max": m.max, "best": m.best, "step": m.step, "count": m.count,
            });
            (key.to_string(), value)
        })
        .collect();
    json!({
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "message": run.message,
        "model": run.model,
        "experiment": run.spec.name,
        "tags": run.tags,
        "note": run.note,
        "created": run.created,
        "updated": run.updated,
        "epoch": run.epoch,
        "total_epochs": run.spec.optim.total_epochs(),
        "step": run.step,
        "total_steps": run.total_steps,
        "device": run.device,
        "seed": run.spec.seed,
        "params": run.spec.params,
        "data": run.spec.data,
        "optim": run.spec.optim,
        "log": run.spec.log,
        "metrics": metrics,
    })
}
