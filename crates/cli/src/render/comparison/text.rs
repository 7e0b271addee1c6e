//! For a terminal.

use super::{Page, difference_text, estimate, letter, level};
use crate::render::table::{Align, Cell, Table, wrap};

impl Page<'_> {
    pub(super) fn text(&self, width: usize, colours: bool) -> String {
        let table = self.table;
        let marked = self.marks.iter().any(|m| !m.is_empty());
        let mut columns: Vec<(String, Align)> = table
            .factors
            .iter()
            .map(|f| (f.to_string(), Align::Left))
            .collect();
        columns.push(("N".to_owned(), Align::Right));
        for column in &table.columns {
            columns.push((column.to_string(), Align::Wrap));
            if table.baseline.is_some() {
                columns.push((format!("difference [{}]", level()), Align::Wrap));
            }
        }
        if marked {
            columns.push(("NOTES".to_owned(), Align::Left));
        }
        let best: Vec<_> = (0..table.columns.len()).map(|k| table.best(k)).collect();
        let mut out = Table::new(columns);
        for (i, cell) in table.cells.iter().enumerate() {
            let mut row: Vec<Cell> = cell.levels.iter().map(|l| l.to_string().into()).collect();
            row.push(cell.runs.len().to_string().into());
            for (k, m) in cell.measured.iter().enumerate() {
                let text = m.sample.map_or("-".to_owned(), |s| match estimate(&s) {
                    (mean, Some(std)) => format!("{mean} ± {std}"),
                    (mean, None) => mean,
                });
                row.push(Cell::styled(text, if best[k].contains(&i) { "1" } else { "" }));
                if table.baseline.is_some() {
                    let certain = |d: &diptych_domain::compare::Difference| {
                        d.interval.is_some_and(|i| i.excludes_zero())
                    };
                    let text = match &m.difference {
                        Some(d) => Cell::styled(difference_text(d), if certain(d) { "" } else { "2" }),
                        None if table.baseline == Some(i) => Cell::styled("baseline", "2"),
                        None => Cell::from("-"),
                    };
                    row.push(text);
                }
            }
            if marked {
                row.push(self.letters(i).join(" ").into());
            }
            out.row(row);
        }
        let mut text = out.render_styled(width, colours);
        for (i, note) in self.footnotes.iter().enumerate() {
            let mark = letter(i);
            let indent = mark.len() + 2;
            let lines = wrap(note, width.saturating_sub(indent).max(20));
            text += &format!(
                "{}{mark}  {}\n",
                if i == 0 { "\n" } else { "" },
                lines.join(&format!("\n{}", " ".repeat(indent)))
            );
        }
        for (i, remark) in self.remarks().iter().enumerate() {
            text += &format!(
                "{}{}\n",
                if i == 0 { "\n" } else { "" },
                wrap(remark, width).join("\n")
            );
        }
        text
    }
}
