//! For a README or an issue.

use super::{Page, difference_text, estimate, letter, level};
use crate::render::markdown::{escaped, table};
use crate::render::table::Align;

impl Page<'_> {
    pub(super) fn markdown(&self) -> String {
        let t = self.table;
        let mut columns: Vec<(String, Align)> = t
            .factors
            .iter()
            .map(|f| (escaped(&f.to_string()), Align::Left))
            .collect();
        columns.push(("n".to_owned(), Align::Right));
        for column in &t.columns {
            columns.push((escaped(&column.to_string()), Align::Right));
            if t.baseline.is_some() {
                columns.push((format!("difference \\[{}\\]", level()), Align::Right));
            }
        }
        let best: Vec<_> = (0..t.columns.len()).map(|k| t.best(k)).collect();
        let rows: Vec<Vec<String>> = t
            .cells
            .iter()
            .enumerate()
            .map(|(i, cell)| {
                let mut row = self.heading(i, escaped, |letters| format!(" <sup>{letters}</sup>"));
                for (k, m) in cell.measured.iter().enumerate() {
                    let text = m.sample.map_or("-".to_owned(), |s| match estimate(&s) {
                        (mean, Some(std)) => format!("{mean} ± {std}"),
                        (mean, None) => mean,
                    });
                    row.push(if best[k].contains(&i) {
                        format!("**{text}**")
                    } else {
                        text
                    });
                    if t.baseline.is_some() {
                        row.push(
                            m.difference
                                .as_ref()
                                .map_or(String::new(), |d| escaped(&difference_text(d))),
                        );
                    }
                }
                row
            })
            .collect();
        let mut out = table(&columns, &rows);
        for (i, note) in self.footnotes.iter().enumerate() {
            out += &format!(
                "{}<sup>{}</sup> {}",
                if i == 0 { "\n" } else { "; " },
                letter(i),
                escaped(note)
            );
        }
        if !self.footnotes.is_empty() {
            out += "\n";
        }
        for remark in self.remarks() {
            out += &format!("\n{}\n", escaped(&remark));
        }
        out
    }
}
