//! Runs as a table and as JSON.

use diptych_domain::cell::FactorValue;
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
            Field::Spec(_)
                | Field::Factor(_)
                | Field::Sweep
                | Field::Metric(..)
                | Field::Device
                | Field::Note
                | Field::Id
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
    columns.extend(extra.map(|f| {
        let name = f.to_string();
        let short = name.strip_prefix("params.").unwrap_or(&name).to_owned();
        (short, Align::Right)
    }));
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
        Some(FieldValue::Number(v)) if v.fract() == 0.0 && v.abs() < 1e15 => v.to_string(),
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
        "archived": run.archived,
        "sweeps": run.cells.iter().map(|cell| json!({
            "sweep": cell.sweep, "factors": factors(&cell.factors),
        })).collect::<Vec<_>>(),
        "created": run.created,
        "updated": run.updated,
        "epoch": run.epoch,
        "total_epochs": run.spec.optim.total_epochs(),
        "step": run.step,
        "total_steps": run.total_steps,
        "device": run.device,
        "code_version": run.code_version,
        "data_fingerprint": run.data_fingerprint,
        "parent": run.parent,
        "seed": run.spec.seed,
        "params": run.spec.params,
        "data": run.spec.data,
        "optim": run.spec.optim,
        "log": run.spec.log,
        "metrics": metrics,
    })
}

/// A cell's factors and their values.
pub fn factors(factors: &[FactorValue]) -> Value {
    factors
        .iter()
        .map(|(factor, value)| (factor.clone(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use diptych_domain::{MetricSummary, RunId};

    use super::*;

    fn run(name: &str, status: RunStatus, psnr: Option<f64>) -> RunSummary {
        let summary = |best| MetricSummary {
            last: best,
            min: best,
            max: best,
            best,
            step: 10,
            count: 1,
        };
        RunSummary {
            id: RunId::from_stored("0193"),
            name: name.into(),
            status,
            message: None,
            model: "pix2pix".into(),
            tags: vec!["ablation".into(), "a rather long tag".into()],
            note: String::new(),
            created: 0.0,
            updated: 100.0,
            epoch: 12,
            step: 10,
            total_steps: 100,
            device: "cpu".into(),
            code_version: "0.1.0".into(),
            data_fingerprint: None,
            archived: false,
            parent: None,
            spec: serde_json::from_str(r#"{"model": "pix2pix", "params": {"n_layers": 3}}"#).unwrap(),
            cells: Vec::new(),
            metrics: psnr
                .map(|p| (MetricKey::eval("psnr"), summary(p)))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn the_table_fits_and_leaves_out_what_nothing_has() {
        let runs = [
            run("brisk-otter", RunStatus::Running, Some(21.5)),
            run("calm-finch", RunStatus::Failed, None),
        ];
        let field = Field::parse("params.n_layers").unwrap();
        assert_eq!(
            table(&runs, Some(&field), 220.0).render(80),
            "NAME         STATUS   MODEL     EPOCH   PSNR  n_layers  UPDATED  TAGS\n\
             brisk-otter  running  pix2pix  12/200  21.50         3   2m ago  ablation a\n\
             \u{20}                                                                rather long tag\n\
             calm-finch   failed   pix2pix  12/200                3   2m ago  ablation a\n\
             \u{20}                                                                rather long tag\n"
        );
        let bare = table(&runs[1..], None, 220.0).render(80);
        assert!(!bare.contains("PSNR") && !bare.contains('\u{1b}'), "{bare}");
    }

    #[test]
    fn the_json_form_has_the_promised_fields() {
        let document = document(&run("a", RunStatus::Finished, Some(f64::NAN)));
        for field in [
            "id", "name", "status", "model", "tags", "created", "updated", "epoch", "step", "params",
            "metrics",
        ] {
            assert!(document.get(field).is_some(), "{field}");
        }
        assert_eq!(document["status"], "finished");
        assert!(document["metrics"]["eval/psnr"]["best"].is_null());
    }
}
