//! Many names in little room, such that they stay apart.

use std::collections::{HashMap, HashSet};

use super::text::{shorten, width};

/// Names in at most `columns` each. One that fits stays as it is. Of longer ones, as far as that is needed, what all relatives
/// (names that begin with the same word) have is left out first; then settings lose the first words of their keys
/// (`n_layers3`: `layers3`), then all but the first letter (`l3`); what is still too long is cut in its middle. `…` stands for what was
/// left out.
pub fn distinct(names: &[&str], columns: usize) -> Vec<String> {
    let mut relatives: HashMap<&str, HashSet<&str>> = HashMap::new();
    for name in names {
        relatives.entry(first_word(name)).or_default().insert(name);
    }
    let mut counts: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for (first, family) in &relatives {
        let words = counts.entry(first).or_default();
        for word in family.iter().flat_map(|n| words_once(n)) {
            *words.entry(word).or_default() += 1;
        }
    }
    let too_long = |name: &str| width(name) > columns;
    // How far the names of a family have to go is how far all go that are too long: they are to look alike.
    let far: HashMap<&str, usize> = relatives
        .iter()
        .map(|(first, family)| {
            let needed = family
                .iter()
                .filter(|n| too_long(n))
                .map(|name| efforts(name, columns, &counts[first], family.len()));
            (*first, needed.max().unwrap_or(0))
        })
        .collect();
    let shortened: Vec<String> = names
        .iter()
        .map(|name| {
            let first = first_word(name);
            match relatives[first].len() {
                family if family > 1 && too_long(name) => {
                    shorten(&without(name, far[first], &counts[first], family), columns)
                }
                _ => shorten(name, columns),
            }
        })
        .collect();
    // What became the same is cut in its middle as a whole, where that tells more apart.
    let mut meant: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (short, name) in shortened.iter().zip(names) {
        meant.entry(short).or_default().insert(name);
    }
    let cut = |short: &str| -> bool {
        let several = &meant[short];
        let whole: HashSet<String> = several.iter().map(|n| shorten(n, columns)).collect();
        whole.len() > 1
    };
    shortened
        .iter()
        .zip(names)
        .map(|(short, name)| {
            if cut(short) {
                shorten(name, columns)
            } else {
                short.clone()
            }
        })
        .collect()
}

/// Whether [`distinct`] has to cut names in their middle to fit them in, or to make some the same.
pub fn crowded(names: &[&str], columns: usize) -> bool {
    let short = distinct(names, columns);
    let all: HashSet<&&str> = names.iter().collect();
    let told_apart: HashSet<&String> = short.iter().collect();
    // A gap at the start is what all have; one further inside is a cut.
    told_apart.len() < all.len() || short.iter().any(|s| s.trim_start_matches('…').contains('…'))
}

/// Words are parted by hyphens and spaces.
const SEPARATORS: [char; 2] = ['-', ' '];

fn first_word(name: &str) -> &str {
    name.split(SEPARATORS).next().unwrap_or(name)
}

fn words_once(name: &str) -> HashSet<&str> {
    name.split(SEPARATORS).collect()
}

/// A word with the separator before it.
struct Word<'n> {
    before: Option<char>,
    text: &'n str,
    /// A letter that stands for the beginning of the text.
    letter: Option<char>,
    left_out: bool,
}

/// Words of a name that are looked at.
const WORDS: usize = 12;
/// What can be done to a name, one after the other.
const EFFORTS: usize = 3 * WORDS;

/// How much has to be done to a name until it fits; everything, where that is not enough.
fn efforts(name: &str, columns: usize, counts: &HashMap<&str, usize>, family: usize) -> usize {
    let mut words = split(name);
    for effort in 0..EFFORTS {
        if shrink(&mut words, effort, counts, family) && width(&joined(&words)) <= columns {
            return effort + 1;
        }
    }
    EFFORTS
}

/// The name after so much of what can be done to it.
fn without(name: &str, efforts: usize, counts: &HashMap<&str, usize>, family: usize) -> String {
    let mut words = split(name);
    for effort in 0..efforts {
        shrink(&mut words, effort, counts, family);
    }
    joined(&words)
}

/// Leaves out the words that all `family` names have, then parts of words, from left to right; says whether anything was done.
fn shrink(words: &mut [Word<'_>], effort: usize, counts: &HashMap<&str, usize>, family: usize) -> bool {
    let left = words.iter().filter(|w| !w.left_out).count();
    let Some(word) = words.get_mut(effort % WORDS) else {
        return false;
    };
    match effort / WORDS {
        0 => {
            // Something has to be left.
            word.left_out = left > 1 && counts.get(word.text) == Some(&family);
            word.left_out
        }
        1 => last_part(word),
        _ => initial(word),
    }
}

fn split(name: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut from, mut before) = (0, None);
    let ends = name.char_indices().filter(|(_, c)| SEPARATORS.contains(c));
    for (at, c) in ends.map(|(at, c)| (at, Some(c))).chain([(name.len(), None)]) {
        words.push(Word {
            before,
            text: &name[from..at],
            letter: None,
            left_out: false,
        });
        (from, before) = (at + 1, c);
    }
    words
}

fn joined(words: &[Word<'_>]) -> String {
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        if word.left_out {
            if !out.ends_with('…') {
                out.push('…');
            }
            continue;
        }
        let follows_gap = at > 0 && words[at - 1].left_out;
        out.extend(word.before.filter(|_| !follows_gap));
        out.extend(word.letter);
        out.push_str(word.text);
    }
    out
}

/// `n_layers3` becomes `layers3`; metrics stay whole.
fn last_part(word: &mut Word<'_>) -> bool {
    match word.text.rfind('_') {
        Some(at) if !word.text.contains('/') && at + 1 < word.text.len() => {
            word.text = &word.text[at + 1..];
            true
        }
        _ => false,
    }
}

/// `layers3` becomes `l3`, `lr0.0004` becomes `l0.0004`.
fn initial(word: &mut Word<'_>) -> bool {
    let letters = word.text.find(|c: char| !c.is_alphabetic());
    let digit = |at: &usize| word.text[*at..].starts_with(|c: char| c.is_ascii_digit());
    match letters.filter(|at| *at > 1).filter(digit) {
        Some(at) => {
            word.letter = word.text.chars().next();
            word.text = &word.text[at..];
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_remains() {
        let sweep = [
            "lambda-lambda_l11000-lr0.0004-ngf8",
            "lambda-lambda_l11000-lr0.0001-ngf8",
            "lambda-lambda_l110-lr0.0004-ngf4",
            "losses-seed3-L1+cGAN",
        ];
        assert_eq!(
            distinct(&sweep, 26),
            [
                "…l11000-lr0.0004-ngf8",
                "…l11000-lr0.0001-ngf8",
                "…l110-lr0.0004-ngf4",
                "losses-seed3-L1+cGAN"
            ]
        );
        assert_eq!(
            distinct(&["losses-seed3-L1+cGAN", "losses-seed3-GAN"], 12),
            ["…L1+cGAN", "…GAN"]
        );
        let layers = [
            "losses-L1+cGAN-n_layers3-seed1",
            "losses-L1-n_layers3-seed2",
            "losses-L1-n_layers1-seed2",
        ];
        assert_eq!(
            distinct(&layers, 15),
            ["…L1+cGAN-l3-s1", "…L1-l3-s2", "…L1-l1-s2"]
        );
    }

    #[test]
    fn what_fits_or_has_no_relatives_is_not_taken_apart() {
        assert_eq!(
            distinct(&["brisk-otter", "calm-finch"], 26),
            ["brisk-otter", "calm-finch"]
        );
        assert_eq!(distinct(&["losses-L1-seed2", "b"], 11), ["losse…seed2", "b"]);
        // The same run twice, under two metrics.
        assert_eq!(
            distinct(&["mini-long-name loss/G_L1", "mini-long-name loss/D_real"], 14),
            ["…loss/G_L1", "…loss/D_real"]
        );
        assert!(distinct(&[], 5).is_empty());
    }

    #[test]
    fn too_little_room_is_noticed() {
        let names = ["losses-seed3-L1+cGAN", "losses-seed3-GAN"];
        assert!(!crowded(&names, 30) && !crowded(&names, 12) && crowded(&names, 6));
    }

    #[test]
    fn they_never_exceed_their_room_and_never_become_the_same_by_leaving_out() {
        let names: Vec<String> = (0..40)
            .map(|i| {
                format!(
                    "sweep-with_a_long_key{}-another_key{}-seed{}",
                    i % 4,
                    i / 4 % 5,
                    i / 20
                )
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for columns in 1..60 {
            let short = distinct(&names, columns);
            assert!(short.iter().all(|s| width(s) <= columns), "{columns}: {short:?}");
            if columns >= 12 {
                assert_eq!(
                    short.iter().collect::<HashSet<_>>().len(),
                    40,
                    "{columns}: {short:?}"
                );
            }
        }
    }
}
