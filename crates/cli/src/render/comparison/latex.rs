//! For a paper.

use super::{Page, estimate, letter, level, shown};
use crate::render::latex::{escaped, padding, tabular};

impl Page<'_> {
    pub(super) fn latex(&self) -> String {
        let t = self.table;
        let code = |text: &str| format!("\\texttt{{{}}}", escaped(text));
        let short = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let label = |name: &str| self.labels.get(name);
        let factor = |name: String| match label(&name).or_else(|| label(&short(&name))) {
            Some(label) => escaped(label),
            None => code(&name),
        };
        let mut header: Vec<String> = t.factors.iter().map(|f| factor(f.to_string())).collect();
        header.push("$n$".to_owned());
        let mark = |letters: &str| format!("\\textsuperscript{{{letters}}}");
        let mut rows: Vec<Vec<String>> = (0..t.cells.len())
            .map(|i| {
                self.heading(
                    i,
                    |level| escaped(label(level).map_or(level, String::as_str)),
                    mark,
                )
            })
            .collect();
        let mut columns = "l".repeat(t.factors.len()) + "r";
        for (k, column) in t.columns.iter().enumerate() {
            columns.push('r');
            // What nothing else is said of is the last value, here as in figures.
            let name = column.to_string();
            let name = name.strip_suffix(".last").unwrap_or(&name);
            header.push(label(name).map_or_else(|| code(name), |text| escaped(text)));
            rows.iter_mut()
                .zip(self.estimates(k))
                .for_each(|(row, text)| row.push(text));
            if t.baseline.is_some() {
                columns.push_str("rr");
                header.push("difference".to_owned());
                header.push(escaped(&format!("{} interval", level())));
                rows.iter_mut()
                    .zip(self.differences(k))
                    .for_each(|(row, two)| row.extend(two));
            }
        }
        // A paper's columns are narrow: nothing beside the outer ones.
        let columns = format!("@{{}}{columns}@{{}}");
        let mut out = tabular(&columns, &header, &rows);
        let notes = self
            .footnotes
            .iter()
            .enumerate()
            .map(|(i, note)| format!("\\textsuperscript{{{}}}\\,{}", letter(i), escaped(note)));
        let below: Vec<String> = notes.chain(self.remarks().iter().map(|r| escaped(r))).collect();
        if !below.is_empty() {
            out += &format!(
                "\\par\\smallskip\n{{\\footnotesize\\noindent\n{}\n\\par}}\n",
                below.join("\\\\\n")
            );
        }
        out
    }

    /// Means and standard deviations of a column, their points under each other; the best in bold.
    fn estimates(&self, k: usize) -> Vec<String> {
        let best = self.table.best(k);
        let texts = self
            .table
            .cells
            .iter()
            .map(|c| c.measured[k].sample.as_ref().map(estimate));
        let (means, stds): (Vec<_>, Vec<_>) = texts
            .map(|text| text.map_or((None, None), |(mean, std)| (Some(mean), std)))
            .unzip();
        let with_std = stds.iter().any(Option::is_some);
        let pads = padding(&means).into_iter().zip(padding(&stds)).enumerate();
        pads.map(|(i, ([before, after], [std_before, std_after]))| {
            let Some(mean) = &means[i] else {
                return "--".to_owned();
            };
            let bold = if best.contains(&i) { "\\mathbf" } else { "" };
            let std = match &stds[i] {
                Some(std) => format!(" \\pm {std_before}{std}{std_after}"),
                None if with_std => format!("\\phantom{{{{}} \\pm {{}}}}{std_before}{std_after}"),
                None => String::new(),
            };
            format!("${before}{bold}{{{mean}}}{after}{std}$")
        })
        .collect()
    }

    /// The differences of a column and their intervals.
    fn differences(&self, k: usize) -> Vec<[String; 2]> {
        let shown: Vec<_> = self
            .table
            .cells
            .iter()
            .map(|c| c.measured[k].difference.as_ref().map(shown))
            .collect();
        let values: Vec<_> = shown
            .iter()
            .map(|d| d.as_ref().map(|(value, _)| value.clone()))
            .collect();
        let pads = padding(&values);
        shown
            .into_iter()
            .zip(pads)
            .map(|(difference, [before, after])| match difference {
                None => [String::new(), String::new()],
                Some((value, ends)) => [
                    format!("${before}{value}{after}$"),
                    ends.map_or(String::new(), |(low, high)| format!("$[{low},\\ {high}]$")),
                ],
            })
            .collect()
    }
}
