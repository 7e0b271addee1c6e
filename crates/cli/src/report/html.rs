//! A report as one page that needs nothing else: styles, script, figures and pictures are in it.

use std::collections::BTreeSet;
use std::fmt::Write;

use diptych_domain::{RunSummary, compare};
use diptych_plots::draw::{self, Embed, base64, escaped};
use diptych_plots::kinds::images::roles::{by_direction, chain, source, wanted};
use diptych_plots::spec::Theme;

use super::films::{Film, Films};
use super::gather::Report;
use crate::failure::Failure;
use crate::figures::{self, Drawn};
use crate::render::comparison::Page;
use crate::render::human;

const CSS: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub fn page(report: &Report) -> Result<String, Failure> {
    let mut sections: Vec<(&str, &str, String)> = vec![("runs", "Runs", runs(report))];
    sections.push(("settings", "Settings that differ", settings(report)));
    sections.push(("figures", "Figures", drawings(report)?));
    sections.push(("tables", "Tables", tables(report)?));
    sections.push(("images", "Images", pictures(&report.films, &report.runs)));
    sections.push(("health", "Health", health(report)));
    sections.push(("reproduce", "How to reproduce", reproduce(report)));
    sections.retain(|(_, _, body)| !body.is_empty());
    let mut out = String::with_capacity(1 << 20);
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\">\n<meta name=\"generator\" content=\"{}\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{CSS}{}{}</style>\n</head>\n<body>\n\
         <header>\n<h1>{}</h1>\n",
        escaped(&report.generator),
        escaped(&report.title),
        fonts(),
        picture_styles(&report.films),
        escaped(&report.title)
    );
    for paragraph in report
        .spec
        .text
        .as_deref()
        .unwrap_or_default()
        .split("\n\n")
        .filter(|p| !p.trim().is_empty())
    {
        let _ = writeln!(out, "<p>{}</p>", escaped(paragraph.trim()));
    }
    let _ = write!(
        out,
        "<p>{}</p>\n<nav aria-label=\"Contents\"><ul>",
        escaped(&summary(&report.runs))
    );
    for (id, title, _) in &sections {
        let _ = write!(out, "<li><a href=\"#{id}\">{title}</a></li>");
    }
    out.push_str("</ul></nav>\n</header>\n<main>\n");
    for (id, title, body) in &sections {
        let _ = write!(out, "<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n");
    }
    let _ = write!(
        out,
        "</main>\n<footer class=\"muted\"><p>Written by {}{}.</p></footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        escaped(&report.generator),
        report.spec.query.as_ref().map_or(String::new(), |q| format!(
            " from the query <code>{}</code>",
            escaped(q)
        ))
    );
    Ok(out)
}

fn fonts() -> String {
    let face = |weight: u32, data: &[u8]| {
        format!(
            "@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/otf;base64,{})}}\n",
            base64(data)
        )
    };
    face(400, draw::font::REGULAR) + &face(600, draw::font::SEMIBOLD)
}

/// `12 runs of pix2pix: 11 finished, 1 stopped; ...`.
pub fn summary(runs: &[RunSummary]) -> String {
    let distinct = |all: &mut dyn Iterator<Item = String>| {
        let mut all: Vec<String> = all.collect();
        all.sort();
        all.dedup();
        all
    };
    let models = distinct(&mut runs.iter().map(|r| r.model.clone()));
    let statuses = distinct(&mut runs.iter().map(|r| r.status.to_string()));
    let counts: Vec<String> = statuses
        .iter()
        .map(|s| {
            format!(
                "{} {s}",
                runs.iter().filter(|r| r.status.to_string() == *s).count()
            )
        })
        .collect();
    let code = distinct(&mut runs.iter().map(|r| r.code_version.clone()));
    let data = distinct(&mut runs.iter().filter_map(|r| r.data_fingerprint.clone()));
    let one_or = |all: &[String], what: &str| match all {
        [] => String::new(),
        [one] => format!("; {what} {}", one.chars().take(20).collect::<String>()),
        many => format!("; {} versions of {what}", many.len()),
    };
    let s = if runs.len() == 1 { "" } else { "s" };
    format!(
        "{} run{s} of {}: {}{}{}.",
        runs.len(),
        models.join(", "),
        counts.join(", "),
        one_or(&code, "code"),
        one_or(&data, "data")
    )
}

/// Seconds since 1970 as UTC: a report does not depend on where it is written.
pub fn utc(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds as i64).map_or_else(
        |_| seconds.to_string(),
        |t| t.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// A table. One with many columns is wider than paper: on that it is printed in pieces, each with the first column.
fn table(head: &[(String, bool)], rows: &[Vec<String>]) -> String {
    const ON_PAPER: usize = 12;
    const PIECE: usize = 7;
    let all: Vec<usize> = (0..head.len()).collect();
    if head.len() <= ON_PAPER {
        return piece(head, rows, &all, "");
    }
    let mut out = piece(head, rows, &all, " screen");
    for columns in all[1..].chunks(PIECE) {
        let columns: Vec<usize> = std::iter::once(0).chain(columns.iter().copied()).collect();
        out += &piece(head, rows, &columns, " paper");
    }
    out
}

fn piece(head: &[(String, bool)], rows: &[Vec<String>], columns: &[usize], class_names: &str) -> String {
    // A table that fits on a page is not broken.
    const SHORT: usize = 20;
    let class = |i: usize| if head[i].1 { " class=\"n\"" } else { "" };
    let short = if rows.len() <= SHORT { " short" } else { "" };
    let mut out = format!("<div class=\"wide{short}{class_names}\" tabindex=\"0\"><table>\n<thead><tr>");
    for i in columns {
        // Keys may break behind what joins their words.
        let title = escaped(&head[*i].0)
            .replace('/', "/<wbr>")
            .replace('_', "_<wbr>")
            .replace('.', ".<wbr>");
        let _ = write!(out, "<th scope=\"col\"{}>{title}</th>", class(*i));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for i in columns {
            let cell = escaped(&row[*i]);
            let _ = if *i == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(out, "<td{}>{cell}</td>", class(*i))
            };
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody></table></div>\n"
}

/// The runs: head and rows.
pub fn run_rows(report: &Report) -> (Vec<(String, bool)>, Vec<Vec<String>>) {
    let mut head: Vec<(String, bool)> = [
        ("run", false),
        ("status", false),
        ("seed", true),
        ("epochs", true),
        ("steps", true),
        ("begun (UTC)", false),
        ("took", true),
    ]
    .map(|(title, number)| (title.to_owned(), number))
    .into();
    head.extend(report.columns.iter().map(|c| (c.to_string(), true)));
    let row = |run: &RunSummary| {
        let mut row = vec![
            run.name.clone(),
            run.status.to_string(),
            run.spec.seed.to_string(),
            run.epoch.to_string(),
            run.step.to_string(),
            utc(run.created),
            human::duration(run.updated - run.created),
        ];
        row.extend(
            report
                .columns
                .iter()
                .map(|c| c.value(run).map_or("–".into(), human::number)),
        );
        row
    };
    (head, report.runs.iter().map(row).collect())
}

fn runs(report: &Report) -> String {
    let (head, rows) = run_rows(report);
    table(&head, &rows)
}

/// The settings that differ: head and rows.
pub fn setting_rows(report: &Report) -> (Vec<(String, bool)>, Vec<Vec<String>>) {
    let mut head = vec![("run".to_owned(), false)];
    head.extend(report.settings.iter().map(|s| (s.key.clone(), false)));
    let rows = report.runs.iter().enumerate().map(|(i, run)| {
        let mut row = vec![run.name.clone()];
        row.extend(
            report
                .settings
                .iter()
                .map(|s| s.values[i].as_ref().map_or("–".into(), ToString::to_string)),
        );
        row
    });
    (head, rows.collect())
}

fn settings(report: &Report) -> String {
    if report.settings.is_empty() {
        return if report.runs.len() > 1 {
            "<p>None.</p>\n".into()
        } else {
            String::new()
        };
    }
    let (head, rows) = setting_rows(report);
    table(&head, &rows)
}

fn drawings(report: &Report) -> Result<String, Failure> {
    let mut out = String::new();
    for (i, figure) in report.figures.iter().enumerate() {
        match figure {
            Ok(drawn) => out += &drawing(drawn, i)?,
            Err(problem) => {
                let _ = writeln!(
                    out,
                    "<p class=\"failed\" role=\"note\"><strong>Figure {} could not be drawn.</strong> {}</p>",
                    i + 1,
                    escaped(problem)
                );
            }
        }
    }
    Ok(out)
}

fn drawing(drawn: &Drawn, i: usize) -> Result<String, Failure> {
    let mut out = String::from("<figure>\n");
    for (theme, class, mark) in [(Theme::Light, "light", "l"), (Theme::Dark, "dark", "d")] {
        let mut spec = drawn.spec.clone();
        spec.theme = theme;
        let embed = Embed {
            provenance: None,
            id: format!("f{i}{mark}"),
            // The page has them.
            fonts: false,
        };
        let svg = draw::svg(&drawn.figure, &spec, &embed).map_err(figures::explain)?;
        let _ = writeln!(out, "<div class=\"{class}\">{svg}</div>");
    }
    let _ = write!(
        out,
        "<figcaption>Figure {}. {}</figcaption>\n</figure>\n",
        i + 1,
        escaped(&drawn.figure.caption)
    );
    Ok(out)
}

/// The table of the report's groups, if there are any.
pub fn comparison(report: &Report) -> Result<Option<compare::Table<'_>>, Failure> {
    if report.factors.is_empty() || report.columns.is_empty() {
        return Ok(None);
    }
    let against = report.spec.against.as_deref().map(compare::Baseline::parse);
    compare::Table::new(
        &report.runs,
        report.factors.clone(),
        report.columns.clone(),
        against.as_ref(),
    )
    .map(Some)
    .map_err(|e| Failure::usage(format!("against: {e}")))
}

fn tables(report: &Report) -> Result<String, Failure> {
    Ok(comparison(report)?.map_or(String::new(), |table| Page::new(&table).html()))
}

/// Each picture once, as the background of a class.
fn picture_styles(films: &Films) -> String {
    let mut out = String::new();
    for (i, still) in films.stills.iter().enumerate() {
        let _ = writeln!(
            out,
            ".i{i}{{background-image:url(data:image/jpeg;base64,{})}}",
            base64(&still.data)
        );
    }
    for (i, film) in films.films.iter().enumerate() {
        let _ = writeln!(
            out,
            ".s{i}{{background-image:url(data:image/jpeg;base64,{})}}",
            base64(&film.data)
        );
    }
    out
}

fn pictures(films: &Films, runs: &[RunSummary]) -> String {
    if films.films.is_empty() {
        return String::new();
    }
    let n = films.steps.len();
    let last = n - 1;
    let k = if n > 1 { 100.0 / last as f64 } else { 0.0 };
    let steps: Vec<String> = films.steps.iter().map(u64::to_string).collect();
    // What an output can be compared with; without pairs there is no target.
    let of = |pick: fn(&str) -> Option<&'static str>| {
        let has = |role: &str| films.stills.iter().any(|s| s.role == role);
        films.films.iter().any(|f| pick(&f.role).is_some_and(has))
    };
    let mut choices = Vec::new();
    choices.extend(of(wanted).then_some(("target", "target")));
    choices.extend(of(source).then_some(("input", "input")));
    choices.push(("first", "first step"));
    let paired = films.films.iter().any(|f| f.role == "output");
    if !paired {
        // What an unpaired translation is compared with first is what it was made from.
        choices.sort_by_key(|(value, _)| *value != "input");
    }
    let options: String = choices
        .iter()
        .map(|(value, text)| format!("<option value=\"{value}\">{text}</option>"))
        .collect();
    let mut out = format!(
        "<div data-steps=\"[{}]\" data-under=\"{}\" style=\"--n:{n};--k:{k:.6}%;--f:{last};--w:0%;--b:0;--r:{}/{}\">\n\
         <div class=\"controls\" role=\"group\" aria-label=\"What the images show\" hidden>\n\
         <label>Step <input class=\"slide\" type=\"range\" min=\"0\" max=\"{last}\" value=\"{last}\"><output>step {}</output></label>\n\
         <label>Wipe <input class=\"wipe\" type=\"range\" min=\"0\" max=\"100\" value=\"0\"><output>0 %</output></label>\n\
         <label>against <select class=\"under\">{options}</select></label>\n</div>\n",
        steps.join(","),
        choices[0].0,
        films.frame.0,
        films.frame.1,
        films.steps[last]
    );
    for note in &films.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(note));
    }
    for (probe, caption) in &films.probes {
        let _ = writeln!(out, "<h3>Probe {probe}: {}</h3>", escaped(caption));
        for (direction, roles) in directions(films, *probe) {
            if let Some(direction) = direction {
                let _ = writeln!(out, "<h4>{direction}: {}</h4>", chain(&roles));
            }
            out.push_str("<div class=\"cards\">\n");
            let here = |of: u32, role: &str| of == *probe && roles.contains(&role);
            for (i, still) in films
                .stills
                .iter()
                .enumerate()
                .filter(|(_, s)| here(s.probe, &s.role))
            {
                let alike = films
                    .stills
                    .iter()
                    .filter(|s| s.probe == *probe && s.role == still.role)
                    .count();
                let who = if alike > 1 {
                    let names: Vec<&str> = still.runs.iter().map(|r| runs[*r].name.as_str()).collect();
                    format!("{} of {}", still.role, names.join(", "))
                } else {
                    still.role.clone()
                };
                let _ = writeln!(
                    out,
                    "<figure class=\"card\"><div class=\"view\"><div class=\"i{i}\" role=\"img\" aria-label=\"{} of {}\"></div></div><figcaption>{}</figcaption></figure>",
                    escaped(&still.role),
                    escaped(caption),
                    escaped(&who)
                );
            }
            for (i, film) in films
                .films
                .iter()
                .enumerate()
                .filter(|(_, f)| here(f.probe, &f.role))
            {
                out += &card(films, film, i, runs, caption);
            }
            out.push_str("</div>\n");
        }
    }
    out + "</div>\n"
}

/// The roles of a probe's images, in groups of one direction of translation.
pub fn directions(films: &Films, probe: u32) -> Vec<(Option<&'static str>, Vec<&str>)> {
    let stills = films
        .stills
        .iter()
        .filter(|s| s.probe == probe)
        .map(|s| s.role.as_str());
    let moving = films
        .films
        .iter()
        .filter(|f| f.probe == probe)
        .map(|f| f.role.as_str());
    let all: BTreeSet<&str> = stills.chain(moving).collect();
    by_direction(&all.into_iter().collect::<Vec<_>>())
}

fn card(films: &Films, film: &Film, i: usize, runs: &[RunSummary], caption: &str) -> String {
    let still = |role: &str| {
        films
            .stills
            .iter()
            .position(|s| s.probe == film.probe && s.role == role && s.runs.contains(&film.run))
    };
    let under = |class: &str, role: Option<&str>| {
        role.and_then(still)
            .map_or(String::new(), |k| format!("<div class=\"u {class} i{k}\"></div>"))
    };
    let name = &runs[film.run].name;
    let what = if film.role == "output" {
        name.clone()
    } else {
        format!("{name}, {}", film.role)
    };
    let (first, last) = (films.steps[0], films.steps[films.steps.len() - 1]);
    format!(
        "<figure class=\"card\"><div class=\"view\">{}{}<div class=\"u first film s{i}\"></div><div class=\"over film s{i}\" role=\"img\" \
         aria-label=\"{} of {} by {}, steps {first} to {last}\"></div><div class=\"bar\"></div></div><figcaption>{}</figcaption></figure>\n",
        under("target", wanted(&film.role)),
        under("input", source(&film.role)),
        escaped(&film.role),
        escaped(caption),
        escaped(name),
        escaped(&what)
    )
}

fn health(report: &Report) -> String {
    if report.events.is_empty() {
        return "<p>No alarms, no divergence.</p>\n".into();
    }
    let mut out = String::from(
        "<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">run</th><th scope=\"col\" class=\"n\">step</th><th scope=\"col\">event</th></tr></thead>\n<tbody>\n",
    );
    for event in &report.events {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"w\">{}</td></tr>",
            escaped(&event.run),
            event.step,
            escaped(&event.text)
        );
    }
    out + "</tbody></table></div>\n"
}

fn reproduce(report: &Report) -> String {
    let mut out = String::from(
        "<p>Save a run's experiment to a file and train it with the same code: <code>diptych train FILE.toml</code>. On the same kind of \
         machine with as many threads, a CPU gives the same numbers to the bit.</p>\n",
    );
    for origin in &report.origins {
        let _ = write!(out, "<details><summary>{}</summary>\n<dl>", escaped(&origin.run));
        for (key, value) in &origin.facts {
            let _ = write!(out, "<dt>{key}</dt><dd>{}</dd>", escaped(value));
        }
        let _ = write!(
            out,
            "</dl>\n<pre>{}</pre></details>\n",
            escaped(&origin.experiment)
        );
    }
    out
}
