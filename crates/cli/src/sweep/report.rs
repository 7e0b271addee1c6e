//! What a sweep has come to, or would: tables and JSON.

use diptych_domain::cell::short;
use diptych_domain::{MetricKey, RunStatus, RunSummary};
use serde_json::{Value, json};

use super::dispatch::Ended;
use super::estimate::Estimate;
use super::plan::{Cell, Plan};
use super::survey::Standing;
use crate::render::table::{Align, Cell as Field, Table};
use crate::render::{human, runs};

/// The cells of a dry run.
pub fn planned(plan: &Plan, standings: &[Standing], estimate: &Estimate) -> Table {
    let mut table = table(
        plan,
        &[
            ("STATUS", Align::Left),
            ("RUN", Align::Left),
            ("TO DO", Align::Left),
            ("TIME", Align::Right),
        ],
    );
    for ((cell, standing), seconds) in plan.cells.iter().zip(standings).zip(&estimate.cells) {
        let mut row = values(cell);
        let style = standing
            .run
            .as_ref()
            .map_or("", |run| runs::status_style(run.status));
        row.push(Field::styled(standing.status(), style));
        row.push(name(standing.run.as_ref()));
        row.push(standing.todo().into());
        row.push(match standing.steps_left(cell.steps) {
            0 => "".into(),
            _ => human::duration(*seconds).into(),
        });
        table.row(row);
    }
    table
}

/// The command that prints the sweep's ablation table, where its runs have something to compare.
pub fn comparison(plan: &Plan, ended: &[Ended]) -> Option<String> {
    let factors: Vec<&str> = plan
        .factors
        .iter()
        .map(String::as_str)
        .filter(|f| *f != "seed")
        .collect();
    let keys = || ended.iter().flatten().flat_map(|run| run.metrics.keys());
    let metric = [MetricKey::eval("l1"), MetricKey::eval("psnr")]
        .into_iter()
        .find(|key| keys().any(|k| k == key))
        .or_else(|| keys().find(|key| key.as_str().starts_with("eval/")).cloned())
        .or_else(|| keys().next().cloned())?;
    (!factors.is_empty()).then(|| {
        let (sweep, by) = (&plan.name, factors.join(","));
        format!("diptych compare sweep:{sweep} --by {by} --metric {metric} --against first")
    })
}

/// The JSON form of a dry run.
pub fn planned_document(
    plan: &Plan,
    standings: &[Standing],
    estimate: &Estimate,
    jobs: usize,
    threads: usize,
) -> Value {
    let cells: Vec<Value> = plan
        .cells
        .iter()
        .zip(standings)
        .zip(&estimate.cells)
        .map(|((cell, standing), seconds)| {
            json!({
                "factors": runs::factors(&cell.factors),
                "status": standing.status(),
                "todo": standing.todo(),
                "run": standing.run.as_ref().map(|run| &run.name),
                "id": standing.run.as_ref().map(|run| &run.id),
                "steps": cell.steps,
                "steps_left": standing.steps_left(cell.steps),
                "seconds": seconds,
            })
        })
        .collect();
    json!({
        "sweep": plan.name,
        "factors": plan.factors,
        "jobs": jobs,
        "threads": threads,
        "seconds": estimate.total,
        "peak_bytes": estimate.peak,
        "timed_architectures": estimate.timed,
        "architectures": estimate.architectures,
        "cells": cells,
    })
}

/// The cells after a sweep, with their scores.
pub fn trained(plan: &Plan, ended: &[Ended]) -> Table {
    let scores: Vec<(&str, MetricKey)> = [("PSNR", "psnr"), ("SSIM", "ssim"), ("L1", "l1")]
        .map(|(title, name)| (title, MetricKey::eval(name)))
        .into_iter()
        .filter(|(_, key)| ended.iter().flatten().any(|run| run.metrics.contains_key(key)))
        .collect();
    let with_message = ended.iter().flatten().any(|run| run.message.is_some());
    let mut columns = vec![
        ("STATUS", Align::Left),
        ("RUN", Align::Left),
        ("STEP", Align::Right),
    ];
    columns.extend(scores.iter().map(|(title, _)| (*title, Align::Right)));
    if with_message {
        columns.push(("MESSAGE", Align::Wrap));
    }
    let mut table = table(plan, &columns);
    for (cell, run) in plan.cells.iter().zip(ended) {
        let mut row = values(cell);
        let status = status(run.as_ref());
        row.push(Field::styled(
            status,
            run.as_ref().map_or("", |r| runs::status_style(r.status)),
        ));
        row.push(name(run.as_ref()));
        row.push(
            run.as_ref()
                .map_or_else(String::new, |run| run.step.to_string())
                .into(),
        );
        row.extend(scores.iter().map(|(_, key)| {
            let metric = run.as_ref().and_then(|run| run.metrics.get(key));
            Field::from(metric.map_or_else(String::new, |m| human::number(m.best)))
        }));
        if with_message {
            let message = run.as_ref().and_then(|run| run.message.clone());
            row.push(message.unwrap_or_default().replace('\n', " ").into());
        }
        table.row(row);
    }
    table
}

/// The JSON form of a sweep that has ended.
pub fn trained_document(plan: &Plan, ended: &[Ended], interrupted: bool) -> Value {
    let cells: Vec<Value> = plan
        .cells
        .iter()
        .zip(ended)
        .map(|(cell, run)| {
            let document = run.as_ref().map_or(Value::Null, runs::document);
            json!({
                "factors": runs::factors(&cell.factors),
                "status": status(run.as_ref()),
                "run": document["name"],
                "id": document["id"],
                "step": document["step"],
                "message": document["message"],
                "metrics": document["metrics"],
            })
        })
        .collect();
    json!({
        "sweep": plan.name,
        "factors": plan.factors,
        "finished": finished(ended),
        "interrupted": interrupted,
        "cells": cells,
    })
}

/// Cells whose run has finished.
pub fn finished(ended: &[Ended]) -> usize {
    count(ended, RunStatus::Finished)
}

/// Cells whose run has diverged.
pub fn diverged(ended: &[Ended]) -> usize {
    count(ended, RunStatus::Diverged)
}

fn count(ended: &[Ended], status: RunStatus) -> usize {
    ended.iter().flatten().filter(|run| run.status == status).count()
}

fn status(run: Option<&RunSummary>) -> &'static str {
    run.map_or("new", |run| run.status.as_str())
}

fn name(run: Option<&RunSummary>) -> Field {
    run.map_or("", |run| run.name.as_str()).into()
}

/// A table that begins with a column for each factor.
fn table(plan: &Plan, columns: &[(&str, Align)]) -> Table {
    let factors = plan.cells.first().map_or(&[] as &[_], |cell| &cell.factors);
    let own = factors
        .iter()
        .map(|(factor, _)| (short(factor, factors).to_owned(), Align::Left));
    Table::new(own.chain(columns.iter().map(|(title, align)| ((*title).to_owned(), *align))))
}

fn values(cell: &Cell) -> Vec<Field> {
    cell.factors
        .iter()
        .map(|(_, value)| value.to_string().into())
        .collect()
}
