//! What differs between two runs, in words.

use diptych_domain::compare::{Agreement, Contrast, Entry, MetricEntry};
use diptych_domain::{MetricSummary, ParamValue, RunSummary};
use serde_json::{Value, json};

use super::human;
use super::table::{Align, Table, wrap};

/// Two runs and what differs between them.
pub struct WhyPage {
    /// The runs.
    pub runs: [RunSummary; 2],
    /// What differs.
    pub contrast: Contrast,
    /// How far their points agree, those of the machine aside.
    pub agreement: Agreement,
}

impl WhyPage {
    /// For people.
    pub fn render(&self, width: usize, colours: bool) -> String {
        let c = &self.contrast;
        let mut out = String::new();
        let mut section = |title: &str, entries: &mut dyn Iterator<Item = &Entry>| {
            let mut table = self.table();
            let mut any = false;
            for entry in entries {
                any = true;
                let [a, b] = &entry.values;
                table.row([format!("  {}", entry.key), text(entry, a), text(entry, b)]);
            }
            if any {
                // The runs' names stand at the head of the first section only.
                let body = table.render(width);
                out += &heading(title, colours);
                out += &body;
                out.push('\n');
            }
        };
        section("settings", &mut c.settings.iter().chain(&c.seed));
        section(
            "code and data",
            &mut [&c.code, &c.data, &c.parent].into_iter().flatten(),
        );
        section("environment", &mut c.environment.iter());
        section("progress", &mut c.progress.iter());
        out += &self.metrics(width, colours);
        for line in wrap(&self.verdict(), width) {
            out += &format!("{line}\n");
        }
        out
    }

    fn table(&self) -> Table {
        let [a, b] = &self.runs;
        Table::new([("", Align::Left), (&a.name, Align::Wrap), (&b.name, Align::Wrap)])
    }

    fn metrics(&self, width: usize, colours: bool) -> String {
        if self.contrast.metrics.is_empty() {
            return String::new();
        }
        let [a, b] = &self.runs;
        let mut table = Table::new([
            (String::new(), Align::Left),
            (format!("{} LAST", a.name), Align::Right),
            (format!("{} LAST", b.name), Align::Right),
            ("DIFFERENCE".to_owned(), Align::Right),
            (format!("{} BEST", a.name), Align::Right),
            (format!("{} BEST", b.name), Align::Right),
            ("DIFFERENCE".to_owned(), Align::Right),
        ]);
        for m in self
            .contrast
            .metrics
            .iter()
            .filter(|m| !m.key.is_of_the_machine())
        {
            let [a, b] = &m.values;
            let better = m.key.has_better_end();
            let number = |side: &Option<MetricSummary>, of: fn(&MetricSummary) -> f64| {
                side.as_ref().map_or("-".to_owned(), |s| human::number(of(s)))
            };
            let best = |side: &Option<MetricSummary>| {
                if better {
                    number(side, |s| s.best)
                } else {
                    String::new()
                }
            };
            table.row([
                format!("  {}", m.key),
                number(a, |s| s.last),
                number(b, |s| s.last),
                signed(m.last_difference()),
                best(a),
                best(b),
                signed(m.best_difference().filter(|_| better)),
            ]);
        }
        format!("{}{}\n", heading("metrics", colours), table.render(width))
    }

    /// What it comes to, in a sentence or two.
    fn verdict(&self) -> String {
        let (c, agreement) = (&self.contrast, &self.agreement);
        let count =
            |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
        let causes: Vec<String> = [
            count(c.settings.len(), "setting"),
            c.seed.as_ref().map(|_| "the seed".to_owned()),
            c.code.as_ref().map(|_| "the code".to_owned()),
            c.data.as_ref().map(|_| "the data".to_owned()),
            c.parent.as_ref().map(|_| "what they were forked from".to_owned()),
            (!c.environment.is_empty()).then(|| "the environment".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let recorded = match causes.is_empty() {
            true => "Nothing that is recorded differs".to_owned(),
            false => format!("They differ in {}", causes.join(", ")),
        };
        let points = format!("{} common points", agreement.compared);
        match (&agreement.parted, agreement.last) {
            (_, None) => format!("{recorded}; they have no points in common."),
            (None, Some(last)) => {
                let [a, b] = self.runs.each_ref().map(|r| r.step);
                let end = if a == b {
                    String::new()
                } else {
                    format!("; one has {a} steps, the other {b}")
                };
                let joint = if causes.is_empty() { ", and" } else { ", yet" };
                format!("{recorded}{joint} their {points} agree bit for bit, up to step {last}{end}.")
            }
            (Some((step, key)), _) if c.has_cause() => {
                format!("{recorded}. Of {points} the first to differ is {key} at step {step}.")
            }
            (Some((step, key)), _) => {
                let nothing = if causes.is_empty() {
                    recorded
                } else {
                    format!("{recorded}, nothing of which can change numbers")
                };
                format!(
                    "{nothing}, yet {key} differs from step {step} on: training is not deterministic here, or the cause is \
                     not recorded."
                )
            }
        }
    }

    /// The stable JSON form.
    pub fn document(&self) -> Value {
        let c = &self.contrast;
        let list = |entries: &[Entry]| {
            entries
                .iter()
                .map(|e| (e.key.clone(), json!(e.values)))
                .collect::<serde_json::Map<_, _>>()
        };
        let one = |entry: &Option<Entry>| entry.as_ref().map(|e| json!(e.values));
        let metric = |m: &MetricEntry| {
            let of = |pick: fn(&MetricSummary) -> f64| m.values.each_ref().map(|v| v.as_ref().map(pick));
            let value = json!({
                "last": of(|s| s.last), "last_difference": m.last_difference(),
                "best": of(|s| s.best), "best_difference": m.best_difference(),
            });
            (m.key.to_string(), value)
        };
        json!({
            "runs": self.runs.each_ref().map(|r| json!({"id": r.id, "name": r.name})),
            "settings": list(&c.settings),
            "seed": one(&c.seed),
            "code_version": one(&c.code),
            "data_fingerprint": one(&c.data),
            "parent": one(&c.parent),
            "environment": list(&c.environment),
            "progress": list(&c.progress),
            "metrics": c.metrics.iter().map(metric).collect::<serde_json::Map<_, _>>(),
            "points": {
                "compared": self.agreement.compared,
                "agree": self.agreement.whole(),
                "up_to_step": self.agreement.last,
                "first_difference": self.agreement.parted.as_ref().map(|(step, key)| json!({"step": step, "metric": key})),
            },
            "explained": c.has_cause(),
            "verdict": self.verdict(),
        })
    }
}

fn text(entry: &Entry, value: &Option<ParamValue>) -> String {
    let text = value.as_ref().map_or("-".to_owned(), ToString::to_string);
    // Of a fingerprint its first digits will do.
    if entry.key == "data" {
        text.chars().take(16).collect()
    } else {
        text
    }
}

fn signed(difference: Option<f64>) -> String {
    match difference {
        None => String::new(),
        Some(d) if d > 0.0 => format!("+{}", human::number(d)),
        Some(d) => human::number(d),
    }
}

fn heading(title: &str, colours: bool) -> String {
    if colours {
        format!("\x1b[1m{title}\x1b[0m\n")
    } else {
        format!("{title}\n")
    }
}
