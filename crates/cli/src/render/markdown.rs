//! Tables in Markdown as GitHub and Pandoc read them.

use super::table::Align;

/// A table; cells are Markdown already.
pub fn table(columns: &[(String, Align)], rows: &[Vec<String>]) -> String {
    let line =
        |cells: &mut dyn Iterator<Item = &str>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let rule = |(_, align): &(String, Align)| if *align == Align::Right { "---:" } else { "---" };
    let mut out = line(&mut columns.iter().map(|(title, _)| title.as_str()));
    out += &line(&mut columns.iter().map(rule));
    for row in rows {
        out += &line(&mut row.iter().map(String::as_str));
    }
    out
}

/// Plain text as Markdown.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markdown_would_read_is_escaped() {
        assert_eq!(escaped("params.n_layers|<b>"), r"params.n\_layers\|\<b\>");
        let columns = [("a".to_owned(), Align::Left), ("b".to_owned(), Align::Right)];
        assert_eq!(
            table(&columns, &[vec!["1".into(), "2".into()]]),
            "| a | b |\n| --- | ---: |\n| 1 | 2 |\n"
        );
    }
}
