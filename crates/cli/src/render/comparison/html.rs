//! For a page.

use diptych_plots::draw::escaped;

use super::{Page, difference_text, estimate, letter, level};

impl Page<'_> {
    /// The table with its footnotes and remarks.
    pub fn html(&self) -> String {
        let t = self.table;
        let mut out = String::from("<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>");
        let head = |text: &str, number: bool| {
            let class = if number { " class=\"n\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", escaped(text))
        };
        t.factors.iter().for_each(|f| out += &head(&f.to_string(), false));
        out += &head("n", true);
        for column in &t.columns {
            out += &head(&column.to_string(), true);
            if t.baseline.is_some() {
                out += &head(&format!("difference [{}]", level()), true);
            }
        }
        out += "</tr></thead>\n<tbody>\n";
        let best: Vec<_> = (0..t.columns.len()).map(|k| t.best(k)).collect();
        for (i, cell) in t.cells.iter().enumerate() {
            out += "<tr>";
            let heading = self.heading(i, escaped, |letters| format!("<sup>{letters}</sup>"));
            let (count, levels) = heading
                .split_last()
                .map_or(("", &[][..]), |(c, l)| (c.as_str(), l));
            levels
                .iter()
                .for_each(|level| out += &format!("<th scope=\"row\">{level}</th>"));
            out += &format!("<td class=\"n\">{count}</td>");
            for (k, m) in cell.measured.iter().enumerate() {
                let text = m.sample.map_or("–".to_owned(), |s| match estimate(&s) {
                    (mean, Some(std)) => format!("{mean} ± {std}"),
                    (mean, None) => mean,
                });
                let class = if best[k].contains(&i) { "n best" } else { "n" };
                out += &format!("<td class=\"{class}\">{text}</td>");
                if t.baseline.is_some() {
                    let text = m.difference.as_ref().map_or(String::new(), difference_text);
                    out += &format!("<td class=\"n\">{}</td>", escaped(&text));
                }
            }
            out += "</tr>\n";
        }
        out += "</tbody></table></div>\n";
        for (i, note) in self.footnotes.iter().enumerate() {
            out += &format!(
                "<p class=\"note\"><sup>{}</sup> {}</p>\n",
                letter(i),
                escaped(note)
            );
        }
        out += "<p class=\"note\">Mean ± sample standard deviation over n runs.";
        for remark in self.remarks() {
            out += &format!(" {}", escaped(&remark));
        }
        out + "</p>\n"
    }
}
