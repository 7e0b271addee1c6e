use diptych_domain::params::{ParamDecl, ParamKind, ParamValue};
use diptych_models::Plugin;
use serde_json::{Value, json};

use crate::Context;
use crate::failure::{Failure, ResultExt};
use crate::output;
use crate::render::table::{Align, Table};
use crate::render::terminal;

/// List models, or the hyperparameters of one
#[derive(clap::Args)]
#[command(after_help = "Examples:
  diptych models
  diptych models pix2pix
  diptych models pix2pix --json")]
pub struct Args {
    /// Show this model's hyperparameters
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<(), Failure> {
    match &args.name {
        Some(name) => {
            let plugin = context.registry.get(name).usage()?;
            if args.json {
                output::json(&document(plugin))
            } else {
                output::line(describe(plugin))
            }
        }
        None if args.json => output::json(&context.registry.iter().map(document).collect::<Vec<_>>()),
        None => {
            let mut table = Table::new([("MODEL", Align::Left), ("WHAT IT IS", Align::Wrap)]);
            for plugin in context.registry.iter() {
                table.row([plugin.name(), plugin.summary()]);
            }
            output::line(format!(
                "{}\n`diptych models NAME` lists a model's hyperparameters.",
                table.render(terminal::width())
            ))
        }
    }
}

fn defaults(plugin: &dyn Plugin) -> diptych_domain::Params {
    plugin
        .params()
        .into_iter()
        .map(|d| (d.name.to_owned(), d.default))
        .collect()
}

fn describe(plugin: &dyn Plugin) -> String {
    let params = defaults(plugin);
    let mut table = Table::new([
        ("PARAMETER", Align::Left),
        ("DEFAULT", Align::Left),
        ("VALUES", Align::Wrap),
        ("MEANING", Align::Wrap),
    ]);
    for decl in plugin.params() {
        table.row([
            decl.name.to_owned(),
            decl.default.to_string(),
            values(&decl.kind),
            decl.doc.to_owned(),
        ]);
    }
    let layouts = layouts(plugin);
    format!(
        "{}: {}\n\nnetworks  {}\nlosses    {}\nhealth    {}\nlayouts   {}\n\n{}\nSet them under [params] in an experiment, or with --set \
         params.NAME=VALUE.",
        plugin.name(),
        plugin.summary(),
        plugin.networks(&params).join(", "),
        plugin.losses(&params).join(", "),
        health(plugin).join(", "),
        layouts.join(", "),
        table.render(terminal::width()),
    )
}

/// The health values that the plugin declares.
fn health(plugin: &dyn Plugin) -> Vec<&'static str> {
    let declared = plugin.health(&defaults(plugin));
    declared.iter().map(|d| d.name).collect()
}

fn layouts(plugin: &dyn Plugin) -> Vec<String> {
    let name = |layout| {
        serde_json::to_value(layout)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
    };
    plugin.layouts().iter().filter_map(name).collect()
}

/// The values that a kind takes, short enough for a table.
fn values(kind: &ParamKind) -> String {
    match kind {
        ParamKind::Bool => "true, false".into(),
        ParamKind::Int { min, max: i64::MAX } => format!("whole, {min} or more"),
        ParamKind::Int { min, max } => format!("whole, {min} to {max}"),
        ParamKind::Float { min, max } if max.is_infinite() => format!("{min} or more"),
        ParamKind::Float { min, max } => format!("{min} to {max}"),
        ParamKind::Choice(words) => words.join(", "),
    }
}

fn document(plugin: &dyn Plugin) -> Value {
    let params = defaults(plugin);
    json!({
        "name": plugin.name(),
        "summary": plugin.summary(),
        "networks": plugin.networks(&params),
        "losses": plugin.losses(&params),
        "health": health(plugin),
        "layouts": layouts(plugin),
        "params": plugin.params().iter().map(declaration).collect::<Vec<_>>(),
    })
}

fn declaration(decl: &ParamDecl) -> Value {
    let (kind, min, max, choices) = match &decl.kind {
        ParamKind::Bool => ("bool", Value::Null, Value::Null, Value::Null),
        ParamKind::Int { min, max } => (
            "int",
            json!(min),
            json!((*max != i64::MAX).then_some(max)),
            Value::Null,
        ),
        ParamKind::Float { min, max } => ("float", finite(*min), finite(*max), Value::Null),
        ParamKind::Choice(words) => ("choice", Value::Null, Value::Null, json!(words)),
    };
    let default: &ParamValue = &decl.default;
    json!({
        "name": decl.name, "type": kind, "default": default, "min": min, "max": max, "choices": choices, "doc": decl.doc,
    })
}

fn finite(bound: f64) -> Value {
    if bound.is_finite() {
        json!(bound)
    } else {
        Value::Null
    }
}
