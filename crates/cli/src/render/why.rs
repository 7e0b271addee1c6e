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
        let points = match agreement.compared {
            1 => "1 common point".to_owned(),
            n => format!("{n} common points"),
        };
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use diptych_domain::compare::Side;
    use diptych_domain::{MetricKey, RunId, RunStatus};

    use super::*;

    fn run(name: &str, seed: u64, l1: f64) -> RunSummary {
        let summary = MetricSummary {
            last: l1,
            min: l1,
            max: l1,
            best: l1,
            step: 8,
            count: 1,
        };
        RunSummary {
            id: RunId::from_stored(name),
            name: name.into(),
            status: RunStatus::Finished,
            message: None,
            model: "pix2pix".into(),
            tags: Vec::new(),
            note: String::new(),
            created: 0.0,
            updated: 0.0,
            epoch: 1,
            step: 8,
            total_steps: 8,
            device: "cpu".into(),
            code_version: "0.1.0".into(),
            data_fingerprint: Some("ab".repeat(32)),
            archived: false,
            parent: None,
            cells: Vec::new(),
            spec: serde_json::from_value(json!({"model": "pix2pix", "seed": seed})).unwrap(),
            metrics: BTreeMap::from([(MetricKey::eval("l1"), summary)]),
        }
    }

    /// The page of two runs whose only point is that of `eval/l1`.
    fn page(a: RunSummary, b: RunSummary, threads: [&str; 2], host: [&str; 2]) -> WhyPage {
        let key = MetricKey::eval("l1");
        let environment = |i: usize| {
            BTreeMap::from([
                ("threads".to_owned(), threads[i].to_owned()),
                ("host".to_owned(), host[i].to_owned()),
            ])
        };
        let (here, there) = (environment(0), environment(1));
        let side = |run, environment| Side { run, environment };
        let contrast = Contrast::of(side(&a, &here), side(&b, &there));
        let mut agreement = Agreement::default();
        let points = |run: &RunSummary| run.metrics.get(&key).map(|m| (m.step, m.last));
        agreement.add(&key, points(&a), points(&b));
        WhyPage {
            runs: [a, b],
            contrast,
            agreement,
        }
    }

    #[test]
    fn the_verdict_says_what_it_comes_to() {
        let verdict = |b: RunSummary, threads, host| page(run("a", 1, 0.25), b, threads, host).verdict();
        let (alike, box_) = (["2", "2"], ["h", "h"]);
        assert_eq!(
            verdict(run("b", 1, 0.25), alike, box_),
            "Nothing that is recorded differs, and their 1 common point agree bit for bit, up to step 8."
        );
        let mut longer = run("b", 1, 0.25);
        longer.step = 16;
        assert!(verdict(longer, alike, box_).ends_with("; one has 8 steps, the other 16."));
        let nondeterminism = ", yet eval/l1 differs from step 8 on: training is not deterministic here, or the cause is not recorded.";
        assert_eq!(
            verdict(run("b", 1, 0.5), alike, box_),
            format!("Nothing that is recorded differs{nondeterminism}")
        );
        assert_eq!(
            verdict(run("b", 1, 0.5), alike, ["h", "g"]),
            format!("They differ in the environment, nothing of which can change numbers{nondeterminism}")
        );
        assert_eq!(
            verdict(run("b", 1, 0.5), ["2", "4"], box_),
            "They differ in the environment. Of 1 common point the first to differ is eval/l1 at step 8."
        );
        assert_eq!(
            verdict(run("b", 2, 0.25), alike, box_),
            "They differ in the seed, yet their 1 common point agree bit for bit, up to step 8."
        );
        let mut empty = run("b", 2, 0.0);
        empty.metrics.clear();
        assert_eq!(
            verdict(empty, alike, box_),
            "They differ in the seed; they have no points in common."
        );
    }

    #[test]
    fn the_page_shows_what_differs_and_all_metrics() {
        let mut b = run("calm", 2, 0.5);
        b.data_fingerprint = Some("cd".repeat(32));
        b.spec.optim.lr = 1e-3;
        let text = page(run("brisk", 1, 0.25), b, ["2", "4"], ["h", "h"]).render(80, false);
        assert_eq!(
            text,
            "\
settings
            brisk   calm
  optim.lr  0.0002  0.001
  seed      1       2

code and data
        brisk             calm
  data  abababababababab  cdcdcdcdcdcdcdcd

environment
           brisk  calm
  threads  2      4

metrics
           brisk LAST  calm LAST  DIFFERENCE  brisk BEST  calm BEST  DIFFERENCE
  eval/l1      0.2500     0.5000     +0.2500      0.2500     0.5000     +0.2500

They differ in 1 setting, the seed, the data, the environment. Of 1 common point
the first to differ is eval/l1 at step 8.
"
        );
    }
}
