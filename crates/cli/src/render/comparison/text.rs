//! For a terminal.

use super::{Page, difference_text, estimate, letter, level};
use crate::render::table::{Align, Cell, Table, wrap};

impl Page<'_> {
    pub(super) fn text(&self, width: usize, colours: bool) -> String {
        let every: Vec<usize> = (0..self.table.columns.len()).collect();
        let all = self.text_table(&every);
        let mut text = if all.natural_width() <= width || every.len() == 1 {
            all.render_styled(width, colours)
        } else {
            // Too wide: the metrics below each other.
            let tables = every
                .iter()
                .map(|k| self.text_table(&[*k]).render_styled(width, colours));
            tables.collect::<Vec<_>>().join("\n")
        };
        for (i, note) in self.footnotes.iter().enumerate() {
            let mark = letter(i);
            let indent = mark.len() + 2;
            let lines = wrap(note, width.saturating_sub(indent).max(20));
            let lines = lines.join(&format!("\n{}", " ".repeat(indent)));
            text += &format!("{}{mark}  {lines}\n", if i == 0 { "\n" } else { "" });
        }
        for (i, remark) in self.remarks().iter().enumerate() {
            let lines = wrap(remark, width).join("\n");
            text += &format!("{}{lines}\n", if i == 0 { "\n" } else { "" });
        }
        text
    }

    /// The cells with some of the metrics.
    fn text_table(&self, metrics: &[usize]) -> Table {
        let table = self.table;
        let marked = self.marks.iter().any(|m| !m.is_empty());
        let factors = table.factors.iter().map(|f| (f.to_string(), Align::Left));
        let mut columns: Vec<(String, Align)> = factors.collect();
        columns.push(("N".to_owned(), Align::Right));
        for k in metrics {
            columns.push((table.columns[*k].to_string(), Align::Wrap));
            if table.baseline.is_some() {
                columns.push((format!("difference [{}]", level()), Align::Wrap));
            }
        }
        if marked {
            columns.push(("NOTES".to_owned(), Align::Wrap));
        }
        let best: Vec<_> = metrics.iter().map(|k| table.best(*k)).collect();
        let mut out = Table::new(columns);
        for (i, cell) in table.cells.iter().enumerate() {
            let mut row: Vec<Cell> = cell.levels.iter().map(|l| l.to_string().into()).collect();
            row.push(cell.runs.len().to_string().into());
            for (k, best) in metrics.iter().zip(&best) {
                let text = cell.measured[*k]
                    .sample
                    .map_or("-".to_owned(), |s| match estimate(&s) {
                        (mean, Some(std)) => format!("{mean} ± {std}"),
                        (mean, None) => mean,
                    });
                row.push(Cell::styled(text, if best.contains(&i) { "1" } else { "" }));
                if table.baseline.is_some() {
                    row.push(self.text_difference(i, *k));
                }
            }
            if marked {
                row.push(self.letters(i).join(" ").into());
            }
            out.row(row);
        }
        out
    }

    /// A difference, dim where 0 may be its true value.
    fn text_difference(&self, cell: usize, metric: usize) -> Cell {
        match &self.table.cells[cell].measured[metric].difference {
            Some(d) if d.interval.is_some_and(|i| i.excludes_zero()) => difference_text(d).into(),
            Some(d) => Cell::styled(difference_text(d), "2"),
            None if self.table.baseline == Some(cell) => Cell::styled("baseline", "2"),
            None => "-".into(),
        }
    }
}
