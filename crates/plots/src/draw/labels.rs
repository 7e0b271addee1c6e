//! Names that are too wide for their place, shortened so that what tells them apart remains.

use super::font::{self, Weight};

/// Where names may be cut.
const JOINTS: [char; 5] = ['-', '_', '/', ' ', '+'];

/// All of `names` no wider than `room`, those that fit as they are. What all have in common at either end goes first; then the middle
/// of what is still too wide; where two would read the same, what differs is kept.
pub fn shortened(names: &[&str], room: f64, size: f64, weight: Weight) -> Vec<String> {
    let wide = |text: &str| font::width(text, size, weight) > room;
    if !names.iter().any(|n| wide(n)) {
        return names.iter().map(|n| (*n).to_owned()).collect();
    }
    let bare = without_common(names);
    let mut short: Vec<String> = bare.iter().map(|n| font::fitted(n, room, size, weight)).collect();
    for i in 0..names.len() {
        let same: Vec<usize> = (0..names.len()).filter(|k| short[*k] == short[i]).collect();
        if same.iter().all(|k| names[*k] == names[i]) {
            continue;
        }
        for k in &same {
            let others = same
                .iter()
                .filter(|o| names[**o] != names[*k])
                .map(|o| bare[*o].as_str());
            short[*k] = difference(&bare[*k], others, room, size, weight);
        }
    }
    short
}

/// Without the words that all names begin or end with, for which an ellipsis stands; as they are where nothing would remain of one.
pub fn without_common(names: &[&str]) -> Vec<String> {
    let whole = || names.iter().map(|n| (*n).to_owned()).collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    if names.iter().all(|n| n == first) {
        return whole();
    }
    let shared = |matches: &dyn Fn(&str) -> bool| names.iter().all(|n| matches(n));
    let head = joints(first)
        .map(|at| &first[..at])
        .filter(|head| shared(&|n| n.starts_with(head)))
        .last()
        .unwrap_or_default();
    let tail = joints(first)
        .map(|at| &first[at - 1..])
        .find(|tail| shared(&|n| n.ends_with(tail)))
        .unwrap_or_default();
    if names.iter().any(|n| n.len() <= head.len() + tail.len()) {
        return whole();
    }
    // An ellipsis that stands for one or two characters saves nothing.
    let cut = |part: &str| part.chars().count() > 2;
    let (head, tail) = (
        if cut(head) { head } else { "" },
        if cut(tail) { tail } else { "" },
    );
    let middle = |n: &&str| {
        let middle = &n[head.len()..n.len() - tail.len()];
        let dots = |part: &str| if part.is_empty() { "" } else { "…" };
        format!("{}{middle}{}", dots(head), dots(tail))
    };
    names.iter().map(middle).collect()
}

/// The places behind joints.
fn joints(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices()
        .filter(|(_, c)| JOINTS.contains(c))
        .map(|(at, c)| at + c.len_utf8())
}

/// A piece of a name that begins shortly before the first place where it differs from the others.
fn difference<'a>(
    name: &str,
    others: impl Iterator<Item = &'a str>,
    room: f64,
    size: f64,
    weight: Weight,
) -> String {
    let chars: Vec<char> = name.chars().collect();
    let common = |other: &str| {
        chars
            .iter()
            .zip(other.chars())
            .take_while(|(a, b)| **a == *b)
            .count()
    };
    let at = others
        .map(common)
        .max()
        .unwrap_or(0)
        .min(chars.len().saturating_sub(1));
    let from = at.saturating_sub(1);
    let head = if from > 0 { "…" } else { "" };
    let rest: String = chars[from..].iter().collect();
    let whole = format!("{head}{rest}");
    if font::width(&whole, size, weight) <= room {
        return whole;
    }
    for keep in (1..chars.len() - from).rev() {
        let piece: String = chars[from..from + keep].iter().collect();
        let text = format!("{head}{piece}…");
        if font::width(&text, size, weight) <= room {
            return text;
        }
    }
    chars[at].to_string()
}

/// The text in at most `lines` lines no wider than `room`, broken at spaces or after joints; nothing where that cannot be.
pub fn broken(text: &str, room: f64, lines: usize, size: f64, weight: Weight) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    for piece in text.split_inclusive(JOINTS) {
        if font::width(piece.trim_end(), size, weight) > room {
            return None;
        }
        match out.last_mut() {
            Some(line) if font::width(format!("{line}{piece}").trim_end(), size, weight) <= room => {
                line.push_str(piece);
            }
            _ => out.push(piece.to_owned()),
        }
    }
    let trimmed: Vec<String> = out.iter().map(|l| l.trim_end().to_owned()).collect();
    (trimmed.len() <= lines).then_some(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(names: &[&str], room: f64) -> Vec<String> {
        shortened(names, room, 10.0, Weight::Regular)
    }

    #[test]
    fn what_differs_remains() {
        let names = [
            "losses-seed1-L1+cGAN",
            "losses-seed2-L1+cGAN",
            "losses-seed3-L1+cGAN",
        ];
        assert_eq!(short(&names, 60.0), ["…seed1…", "…seed2…", "…seed3…"]);
        assert_eq!(short(&names, 500.0), names);
        // Their middle alone tells these apart, and it is what cutting the middle would lose.
        let names = ["abcdefghijk1lmnopqrstuvw", "abcdefghijk2lmnopqrstuvw"];
        let got = short(&names, 60.0);
        assert!(got[0].contains('1') && got[1].contains('2'), "{got:?}");
        assert!(
            got.iter().all(|t| font::width(t, 10.0, Weight::Regular) <= 60.0),
            "{got:?}"
        );
        assert_eq!(
            short(&["same-name-again", "same-name-again"], 40.0)[0],
            short(&["same-name-again"], 40.0)[0]
        );
    }

    #[test]
    fn many_names_stay_apart_in_little_room() {
        let names: Vec<String> = (0..40)
            .map(|i| format!("lambda-lambda_l1{}-lr{}-ngf{}", i % 4, i / 4 % 5, i / 20))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut got = short(&names, 90.0);
        assert!(
            got.iter().all(|t| font::width(t, 10.0, Weight::Regular) <= 90.0),
            "{got:?}"
        );
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 40, "{got:?}");
    }

    #[test]
    fn lines_break_between_words_only() {
        let lines = |text: &str, room: f64| broken(text, room, 3, 10.0, Weight::Regular);
        assert_eq!(
            lines("losses-seed1-L1+cGAN", 45.0),
            Some(vec!["losses-".into(), "seed1-".into(), "L1+cGAN".into()])
        );
        assert_eq!(lines("losses-seed1-L1+cGAN", 20.0), None);
        assert_eq!(lines("a b c d e f", 12.0), None, "too many lines");
    }
}
