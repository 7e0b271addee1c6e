//! Tables in LaTeX with the rules of the `booktabs` package, which is the only one that they need.

/// A `tabular` with the column specification `columns`; cells are LaTeX already.
pub fn tabular(columns: &str, header: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("  {} \\\\\n", cells.join(" & "));
    let mut out = format!(
        "\\begin{{tabular}}{{{columns}}}\n  \\toprule\n{}  \\midrule\n",
        line(header)
    );
    for row in rows {
        out += &line(row);
    }
    out + "  \\bottomrule\n\\end{tabular}\n"
}

/// Plain text as LaTeX.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("''"),
            // After `\\\\` these would be read as its options.
            '[' | '*' => out.extend(['{', c, '}']),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// For numbers as texts, the invisible digits before and after each that make them equally wide, so that their points stand
/// under each other. `None` is all invisible.
pub fn padding(numbers: &[Option<String>]) -> Vec<[String; 2]> {
    let parts = |text: &str| {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        (whole.trim_start_matches(['+', '-']).len(), decimals.len())
    };
    let shown = || numbers.iter().flatten().map(|text| parts(text));
    let (whole, decimals) = (
        shown().map(|p| p.0).max().unwrap_or(0),
        shown().map(|p| p.1).max().unwrap_or(0),
    );
    let point = |n: usize| if n > 0 { "." } else { "" };
    numbers
        .iter()
        .map(|number| {
            let (own, own_decimals) = number.as_deref().map_or((0, 0), parts);
            let before = "0".repeat(whole - own);
            let after = "0".repeat(decimals - own_decimals);
            // A number without a point leaves room for one.
            let gap = if own_decimals == 0 { point(decimals) } else { "" };
            [phantom(&before), phantom(&format!("{gap}{after}"))]
        })
        .collect()
}

/// Room for `text`, and nothing in it.
fn phantom(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("\\phantom{{{text}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latex_would_read_is_escaped() {
        assert_eq!(
            escaped("a_b & 50 % \\ ~^ {x}"),
            r"a\_b \& 50 \% \textbackslash{} \textasciitilde{}\textasciicircum{} \{x\}"
        );
        assert_eq!(escaped("[1]*\""), "{[}1]{*}''");
        assert_eq!(escaped("<|>"), r"\textless{}\textbar{}\textgreater{}");
    }

    #[test]
    fn points_stand_under_each_other() {
        let numbers = ["9.51", "-20.1", "133"].map(|n| Some(n.to_owned()));
        assert_eq!(
            padding(&numbers),
            [
                [r"\phantom{00}", ""],
                [r"\phantom{0}", r"\phantom{0}"],
                ["", r"\phantom{.00}"]
            ]
        );
        assert_eq!(
            padding(&[None, Some("1.5".into())]),
            [[r"\phantom{0}", r"\phantom{.0}"], ["", ""]]
        );
    }
}
