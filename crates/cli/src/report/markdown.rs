//! A report in Markdown, its pictures in a folder beside it.

use std::fmt::Write;
use std::path::Path;

use diptych_plots::export::Form;
use diptych_plots::kinds::images::roles::chain;

use super::films::Films;
use super::gather::Report;
use super::html::{comparison, directions, run_rows, setting_rows, summary};
use crate::failure::Failure;
use crate::figures;
use crate::render::comparison::{Format, Page};
use crate::render::markdown::{escaped, table};
use crate::render::table::Align;

/// Dots per inch of the figures: sharp on a screen, small in a repository.
const DPI: u32 = 150;

/// Writes the file and its folder, `NAME_files`; what lay in that folder before and is not of this report stays.
pub fn write(report: &Report, path: &Path) -> Result<(), Failure> {
    let stem = path
        .file_stem()
        .map_or("report".into(), |s| s.to_string_lossy().into_owned());
    let folder_name = format!("{stem}_files");
    let folder = path.with_file_name(&folder_name);
    std::fs::create_dir_all(&folder)
        .map_err(|e| Failure::usage(format!("cannot write {}: {e}", folder.display())))?;
    // Links have no spaces.
    let link = |file: &str| format!("{}/{file}", folder_name.replace(' ', "%20"));
    let mut out = format!("# {}\n\n", escaped(&report.title));
    if let Some(text) = &report.spec.text {
        let _ = write!(out, "{}\n\n", text.trim());
    }
    let _ = write!(out, "{}\n\n## Runs\n\n", escaped(&summary(&report.runs)));
    let as_table = |(head, rows): (Vec<(String, bool)>, Vec<Vec<String>>)| {
        let head: Vec<(String, Align)> = head
            .iter()
            .map(|(t, n)| (escaped(t), if *n { Align::Right } else { Align::Left }))
            .collect();
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|c| escaped(c)).collect())
            .collect();
        table(&head, &rows)
    };
    out += &as_table(run_rows(report));
    if !report.settings.is_empty() {
        out += "\n## Settings that differ\n\n";
        out += &as_table(setting_rows(report));
    }
    if !report.figures.is_empty() {
        out += "\n## Figures\n";
    }
    for (i, figure) in report.figures.iter().enumerate() {
        match figure {
            Err(problem) => {
                let _ = write!(
                    out,
                    "\n**Figure {} could not be drawn.** {}\n",
                    i + 1,
                    escaped(problem)
                );
            }
            Ok(drawn) => {
                let name = format!("figure-{}-{}", i + 1, drawn.spec.kind);
                let png = figures::bytes(&drawn.at(DPI), Form::Png)?;
                figures::write(&folder.join(format!("{name}.png")), &png)?;
                let svg = figures::bytes(drawn, Form::Svg)?;
                figures::write(&folder.join(format!("{name}.svg")), &svg)?;
                let _ = write!(
                    out,
                    "\n![{}]({})\n\n*Figure {}.* {} ([SVG]({}))\n",
                    escaped(&drawn.figure.alt()),
                    link(&format!("{name}.png")),
                    i + 1,
                    escaped(&drawn.figure.caption),
                    link(&format!("{name}.svg"))
                );
            }
        }
    }
    if let Some(table) = comparison(report)? {
        let _ = write!(
            out,
            "\n## Tables\n\n{}",
            Page::new(&table).render(Format::Markdown, 100, false)
        );
    }
    out += &pictures(report, &folder, &link)?;
    out += "\n## Health\n\n";
    if report.events.is_empty() {
        out += "No alarms, no divergence.\n";
    } else {
        let rows: Vec<Vec<String>> = report
            .events
            .iter()
            .map(|e| vec![e.run.clone(), e.step.to_string(), e.text.clone()])
            .collect();
        out += &as_table((
            vec![
                ("run".into(), false),
                ("step".into(), true),
                ("event".into(), false),
            ],
            rows,
        ));
    }
    out += "\n## How to reproduce\n\nSave a run's experiment to a file and train it with the same code: `diptych train FILE.toml`.\n";
    for origin in &report.origins {
        let _ = write!(out, "\n<details><summary>{}</summary>\n\n", escaped(&origin.run));
        for (key, value) in &origin.facts {
            let _ = writeln!(out, "- {key}: `{}`", value.replace('`', "'"));
        }
        let _ = write!(out, "\n```toml\n{}```\n\n</details>\n", origin.experiment);
    }
    let _ = write!(out, "\nWritten by {}.\n", escaped(&report.generator));
    figures::write(path, out.as_bytes())
}

/// A strip of frames for each run and probe, and the inputs and targets.
fn pictures(report: &Report, folder: &Path, link: &dyn Fn(&str) -> String) -> Result<String, Failure> {
    let films: &Films = &report.films;
    if films.films.is_empty() {
        return Ok(String::new());
    }
    let steps: Vec<String> = films.steps.iter().map(u64::to_string).collect();
    let mut out = format!("\n## Images\n\nFrom top to bottom: steps {}.\n", steps.join(", "));
    for note in &films.notes {
        let _ = write!(out, "\n{}\n", escaped(note));
    }
    for (probe, caption) in &films.probes {
        let _ = write!(out, "\n### Probe {probe}: {}\n\n", escaped(caption));
        for (direction, roles) in directions(films, *probe) {
            if let Some(direction) = direction {
                let _ = write!(out, "#### {direction}: {}\n\n", escaped(&chain(&roles)));
            }
            let here = |of: u32, role: &str| of == *probe && roles.contains(&role);
            let (mut heads, mut cells) = (Vec::new(), Vec::new());
            for (i, still) in films
                .stills
                .iter()
                .enumerate()
                .filter(|(_, s)| here(s.probe, &s.role))
            {
                let name = format!("probe-{probe:02}-{}-{i}.jpg", still.role);
                figures::write(&folder.join(&name), &still.data)?;
                heads.push((escaped(&still.role), Align::Left));
                cells.push(format!(
                    "![{} of {}]({})",
                    escaped(&still.role),
                    escaped(caption),
                    link(&name)
                ));
            }
            for film in films.films.iter().filter(|f| here(f.probe, &f.role)) {
                let run = &report.runs[film.run];
                let name = format!("probe-{probe:02}-{}-{}.jpg", film.role, run.id);
                figures::write(&folder.join(&name), &film.data)?;
                let what = if film.role == "output" {
                    run.name.clone()
                } else {
                    format!("{}, {}", run.name, film.role)
                };
                heads.push((escaped(&what), Align::Left));
                cells.push(format!(
                    "![{} of {} by {}]({})",
                    escaped(&film.role),
                    escaped(caption),
                    escaped(&run.name),
                    link(&name)
                ));
            }
            out += &table(&heads, &[cells]);
            out.push('\n');
        }
    }
    Ok(out)
}
