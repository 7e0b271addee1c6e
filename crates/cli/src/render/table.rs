//! Plain tables that fit the terminal.

/// Which side a column's text leans to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Short text, cut where it is too wide.
    Left,
    /// Long text, wrapped onto further lines.
    Wrap,
    /// Numbers.
    Right,
}

/// One cell: its text, and the style to wrap it in where colours are on.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: &'static str,
}

impl Cell {
    /// A cell in an ANSI style such as `32` (green); the empty style is plain.
    pub fn styled(text: impl Into<String>, style: &'static str) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, "")
    }
}

/// A table with a header line, columns two spaces apart.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
}

const GAP: &str = "  ";
/// No column is made narrower than this.
const NARROW: usize = 4;

impl Table {
    /// A table with these columns.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        Self {
            columns: columns
                .into_iter()
                .map(|(name, align)| (name.into(), align))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// A table without a header line.
    pub fn headless(columns: impl IntoIterator<Item = Align>) -> Self {
        Self::new(columns.into_iter().map(|align| ("", align)))
    }

    /// Adds a row with a cell for each column.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table in at most `width` columns; where it is wider, the widest columns give way, and their cells are wrapped or
    /// cut with `…`.
    pub fn render(&self, width: usize) -> String {
        self.render_styled(width, false)
    }

    /// As [`Table::render`], with the cells' styles where `colours` is true.
    pub fn render_styled(&self, width: usize, colours: bool) -> String {
        let widths = self.widths(width);
        let mut out = String::new();
        let header: Vec<Cell> = self
            .columns
            .iter()
            .map(|(name, _)| Cell::styled(name.as_str(), "1"))
            .collect();
        if self.columns.iter().any(|(name, _)| !name.is_empty()) {
            self.push_row(&mut out, &header, &widths, colours);
        }
        for row in &self.rows {
            self.push_row(&mut out, row, &widths, colours);
        }
        out
    }

    /// How wide it is where nothing has to give way.
    pub fn natural_width(&self) -> usize {
        let widths = self.widths(usize::MAX);
        widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| length(name)).collect();
        for row in &self.rows {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(length(&cell.text));
            }
        }
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let Some(widest) = widths.iter_mut().max_by_key(|w| **w).filter(|w| **w > NARROW) else {
                break;
            };
            *widest -= 1;
        }
        widths
    }

    fn push_row(&self, out: &mut String, cells: &[Cell], widths: &[usize], colours: bool) {
        let lines: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), (_, align))| match align {
                Align::Wrap => wrap(&cell.text, *width),
                Align::Left | Align::Right => vec![cut(&cell.text, *width)],
            })
            .collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(0);
        for k in 0..height {
            for (i, ((cell, width), (_, align))) in cells.iter().zip(widths).zip(&self.columns).enumerate() {
                let text = lines[i].get(k).map_or("", String::as_str);
                let padding = " ".repeat(width.saturating_sub(length(text)));
                let text = painted(text, cell.style, colours);
                out.push_str(if i > 0 { GAP } else { "" });
                match align {
                    Align::Right => out.extend([padding.as_str(), &text]),
                    Align::Left | Align::Wrap => out.extend([text.as_str(), &padding]),
                }
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

fn painted(text: &str, style: &str, colours: bool) -> String {
    if colours && !style.is_empty() && !text.is_empty() {
        format!("\x1b[{style}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most `width` characters, the last one `…` where some are missing.
pub fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `text` in lines of at most `width` characters, broken at spaces, or anywhere in longer words.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && length(line) + 1 + word.len() <= width {
            line.push(' ');
            line.extend(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.last_mut().expect("there is always a line").extend(word);
            lines.push(String::new());
            word = rest;
        }
        lines.last_mut().expect("there is always a line").extend(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            ("NAME", Align::Left),
            ("STEP", Align::Right),
            ("NOTE", Align::Wrap),
        ]);
        table.row(["brisk-otter", "12", "the first one that learnt anything"]);
        table.row(["a", "1234", ""]);
        table
    }

    #[test]
    fn columns_line_up() {
        assert_eq!(
            table().render(80),
            "NAME         STEP  NOTE\nbrisk-otter    12  the first one that learnt anything\na            1234\n"
        );
    }

    #[test]
    fn its_own_width_is_that_of_the_longest_line() {
        let longest = table().render(200).lines().map(length).max();
        assert_eq!(Some(table().natural_width()), longest);
    }

    #[test]
    fn what_is_too_wide_is_wrapped_or_cut() {
        let text = table().render(36);
        assert!(text.lines().all(|l| length(l) <= 36), "{text}");
        assert!(text.contains("the first one\n"), "{text}");
        let narrow = table().render(10);
        assert!(
            narrow.starts_with("NAME  STEP  NOTE\nbri…    12  the\n"),
            "{narrow}"
        );
    }

    #[test]
    fn colours_do_not_count_as_width() {
        let mut table = Table::new([("STATUS", Align::Left), ("N", Align::Right)]);
        table.row([Cell::styled("running", "32"), Cell::from("1")]);
        let plain = table
            .render_styled(80, true)
            .replace("\x1b[32m", "")
            .replace("\x1b[1m", "")
            .replace("\x1b[0m", "");
        assert_eq!(plain, table.render(80));
    }
}
