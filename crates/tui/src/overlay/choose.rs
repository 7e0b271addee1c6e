//! A list to choose from, narrowed down by typing.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{Outcome, Purpose, edit};
use crate::action::Action;
use crate::effect::Effect;
use crate::keys::Chord;
use crate::state::State;
use crate::widgets::line::Line;

/// Something to choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// What is chosen.
    pub value: String,
    /// The keys that do it.
    pub keys: String,
    /// What is said of it.
    pub note: String,
    /// Whether it is picked.
    pub picked: bool,
}

/// A list to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    /// What for.
    pub purpose: Purpose,
    /// Written above.
    pub title: String,
    /// What narrows it down.
    pub line: Line,
    /// Everything.
    pub items: Vec<Item>,
    /// Whether several can be picked.
    pub several: bool,
    /// The items that match, best first.
    pub matching: Vec<usize>,
    /// The selected one of these.
    pub selected: usize,
}

impl Choose {
    /// A list of all `items`.
    pub fn new(purpose: Purpose, title: impl Into<String>, items: Vec<Item>, several: bool) -> Self {
        let matching = (0..items.len()).collect();
        let selected = if several {
            0
        } else {
            items.iter().position(|i| i.picked).unwrap_or(0)
        };
        Self {
            purpose,
            title: title.into(),
            line: Line::default(),
            items,
            several,
            matching,
            selected,
        }
    }

    /// Types text.
    pub fn paste(&mut self, text: &str) {
        self.line.paste(text);
        self.narrow();
    }

    /// The picked values in the order of the list.
    pub fn picked(&self) -> Vec<String> {
        self.items
            .iter()
            .filter(|i| i.picked)
            .map(|i| i.value.clone())
            .collect()
    }

    /// The selected item.
    pub fn current(&self) -> Option<&Item> {
        self.items.get(*self.matching.get(self.selected)?)
    }

    fn narrow(&mut self) {
        let pattern = Pattern::parse(self.line.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let text = format!("{} {}", item.value, item.note);
                let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
                // What the value itself says counts more than what is said of it.
                let own = pattern
                    .score(Utf32Str::new(&item.value, &mut buffer), &mut matcher)
                    .unwrap_or(0);
                Some((score + own, at))
            })
            .collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.matching = scored.into_iter().map(|(_, at)| at).collect();
        self.selected = 0;
    }
}

/// Hands a key to a list.
pub(super) fn key(
    choose: &mut Choose,
    state: &mut State,
    chord: Chord,
    action: Option<Action>,
    effects: &mut Vec<Effect>,
) -> Outcome {
    let n = choose.matching.len();
    match action {
        Some(Action::Cancel) => return Outcome::Close,
        Some(Action::Accept) => {
            return super::accept::accept_choice(choose, state, effects);
        }
        Some(Action::NextItem) if n > 0 => choose.selected = (choose.selected + 1) % n,
        Some(Action::PreviousItem) if n > 0 => choose.selected = (choose.selected + n - 1) % n,
        Some(Action::Complete) => pick(choose),
        _ if choose.several && chord.typed() == Some(' ') && choose.line.text().is_empty() => pick(choose),
        _ => {
            if edit(&mut choose.line, chord, action) {
                choose.narrow();
            }
        }
    }
    Outcome::Open
}

fn pick(choose: &mut Choose) {
    let Some(at) = choose.matching.get(choose.selected).copied() else {
        return;
    };
    if choose.several {
        choose.items[at].picked = !choose.items[at].picked;
        choose.selected = (choose.selected + 1).min(choose.matching.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_a_list_down_and_the_best_comes_first() {
        let item = |value: &str, note: &str| Item {
            value: value.into(),
            note: note.into(),
            ..Item::default()
        };
        let items = vec![
            item("log-y", "logarithmic y axis"),
            item("axis", "x axis: step"),
            item("quit", "leave"),
        ];
        let mut list = Choose::new(Purpose::Palette, "", items, false);
        list.paste("axis");
        assert_eq!(list.current().map(|i| i.value.as_str()), Some("axis"));
        assert_eq!(list.matching.len(), 2);
        list.paste("zzz");
        assert_eq!(list.current(), None);
    }
}
