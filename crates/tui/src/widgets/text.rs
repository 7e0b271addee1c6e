//! Fitting text into cells.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`, with `…` where something was cut. Control characters are left out.
pub fn cut(text: &str, columns: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.width() <= columns {
        return clean;
    }
    let mut out = String::new();
    let mut used = 0;
    for c in clean.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > columns {
            break;
        }
        used += w;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text in at most `columns`, cut in its middle: the ends of names tell cells of a sweep apart.
pub fn shorten(text: &str, columns: usize) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.width() <= columns || columns < 5 {
        return cut(&clean, columns);
    }
    let tail_room = (columns - 1) / 2;
    let head = cut(&clean, columns - tail_room);
    let mut used = 0;
    let mut tail: Vec<char> = Vec::new();
    for c in clean.chars().rev() {
        used += c.width().unwrap_or(0);
        if used > tail_room {
            break;
        }
        tail.push(c);
    }
    let tail: String = tail.into_iter().rev().collect();
    // What was cut before is cut no further.
    head + tail.trim_start_matches('…')
}

/// `1 run`, `3 runs`.
pub fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

/// The text in exactly `columns`, leaning left.
pub fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let gap = columns.saturating_sub(text.width());
    text + &" ".repeat(gap)
}

/// The text in exactly `columns`, leaning right.
pub fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    " ".repeat(columns.saturating_sub(text.width())) + &text
}

/// Breaks a text at spaces into lines of at most `columns`; words that are longer are broken.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word: String = word.chars().filter(|c| !c.is_control()).collect();
            if !line.is_empty() && line.width() + 1 + word.width() > columns {
                lines.push(std::mem::take(&mut line));
            }
            while word.width() > columns {
                let at = word.char_indices().nth(columns).map_or(word.len(), |(i, _)| i);
                lines.push(word[..at].to_owned());
                word.replace_range(..at, "");
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

/// `▕████▌   ▏` of a part from 0 to 1 in `columns`, with eighths of a cell.
pub fn bar(part: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let part = if part.is_finite() {
        part.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let eighths = (part * columns as f64 * 8.0).round() as usize;
    let text = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    left(&text, columns)
}

/// Values as bars one cell wide, newest right: `▁▂▅▇`. Equal values are low bars.
pub fn sparkline(values: &[f64], columns: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &values[values.len().saturating_sub(columns)..];
    let finite = || shown.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    );
    shown
        .iter()
        .map(|v| {
            if !v.is_finite() {
                return '×';
            }
            let part = if high > low { (v - low) / (high - low) } else { 0.0 };
            BARS[(part * 7.0).round() as usize]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit() {
        assert_eq!(cut("brisk-otter", 6), "brisk…");
        assert_eq!(left("ab", 4), "ab  ");
        assert_eq!(right("ab", 4), "  ab");
        assert_eq!(cut("a\u{1b}[31mb", 9), "a[31mb");
        assert_eq!(width(&left("日本語", 4)), 4);
        assert_eq!(shorten("losses-L1-seed2", 11), "losse…seed2");
        assert_eq!(shorten("losses", 11), "losses");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn bars_and_sparklines_show_their_values() {
        assert_eq!(bar(0.5, 4), "██  ");
        assert_eq!(bar(0.03, 4), "▏   ");
        assert_eq!(bar(f64::NAN, 2), "  ");
        assert_eq!(sparkline(&[0.0, 1.0, 0.5, f64::NAN], 4), "▁█▅×");
        assert_eq!(sparkline(&[3.0, 3.0], 4), "▁▁");
    }
}
