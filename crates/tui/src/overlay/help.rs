//! All keys, from the table of actions.

use super::Outcome;
use crate::action::{ACTIONS, Action, Place};
use crate::keys::{Chord, Keymap};
use crate::state::State;
use crate::widgets::text;

/// Columns of its window at most.
pub const WIDEST: u16 = 110;

/// The help, and how far it is scrolled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Lines above the first one shown.
    pub scroll: usize,
    /// The place that comes first.
    pub place: Option<Place>,
}

/// A line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// The name of a place.
    Heading(&'static str),
    /// Keys and what they do; without keys it goes on with what those above do.
    Keys(String, String),
    /// Nothing.
    Gap,
}

/// Everything that keys do, the place at hand first.
pub fn lines(keymap: &Keymap, first: Option<Place>) -> Vec<HelpLine> {
    let mut places: Vec<Place> = first.into_iter().collect();
    places.extend(Place::ALL.into_iter().filter(|p| Some(*p) != first));
    let mut out = Vec::new();
    for place in places {
        if !out.is_empty() {
            out.push(HelpLine::Gap);
        }
        out.push(HelpLine::Heading(place.title()));
        for info in ACTIONS.iter().filter(|i| i.places.contains(&place)) {
            out.push(HelpLine::Keys(
                keymap.text(place, info.action),
                info.doc.to_owned(),
            ));
        }
    }
    out
}

/// Columns of the keys.
pub fn key_columns(lines: &[HelpLine]) -> usize {
    let keys = lines.iter().map(|l| match l {
        HelpLine::Keys(keys, _) => text::width(keys),
        _ => 0,
    });
    keys.max().unwrap_or(0)
}

/// The lines in a window of so many columns: what is too long goes on in the next one.
pub fn wrapped(keymap: &Keymap, first: Option<Place>, columns: usize) -> Vec<HelpLine> {
    let lines = lines(keymap, first);
    let room = columns.saturating_sub(key_columns(&lines) + 3);
    let mut out = Vec::new();
    for line in lines {
        match line {
            HelpLine::Keys(mut keys, doc) => {
                for part in text::wrap(&doc, room) {
                    out.push(HelpLine::Keys(std::mem::take(&mut keys), part));
                }
            }
            other => out.push(other),
        }
    }
    out
}

/// Columns of the help's window, without its border.
pub fn columns(state: &State) -> usize {
    usize::from(state.body().width.min(WIDEST)).saturating_sub(4)
}

/// Hands a key to the help.
pub(super) fn key(help: &mut Help, state: &State, chord: Chord, action: Option<Action>) -> Outcome {
    let page = usize::from(state.size.height.saturating_sub(6)).max(1);
    let lines = wrapped(&state.keymap, help.place, columns(state)).len();
    let most = lines.saturating_sub(page);
    // The keys of lists, and those that scroll elsewhere.
    let anywhere = state.keymap.lookup(Place::Anywhere, chord);
    match (action, anywhere) {
        (Some(Action::NextItem), _) | (_, Some(Action::Down)) => help.scroll += 1,
        (Some(Action::PreviousItem), _) | (_, Some(Action::Up)) => {
            help.scroll = help.scroll.saturating_sub(1)
        }
        (_, Some(Action::PageDown)) => help.scroll += page,
        (_, Some(Action::PageUp)) => help.scroll = help.scroll.saturating_sub(page),
        (_, Some(Action::First)) => help.scroll = 0,
        (_, Some(Action::Last)) => help.scroll = most,
        (Some(Action::Cancel | Action::Accept), _) | (_, Some(Action::Help | Action::Quit)) => {
            return Outcome::Close;
        }
        _ => {}
    }
    help.scroll = help.scroll.min(most);
    Outcome::Open
}

/// All keys as tables of Markdown, for the manual.
pub fn key_table(keymap: &Keymap) -> String {
    let mut out = String::new();
    for line in lines(keymap, None) {
        match line {
            HelpLine::Heading(title) => out += &format!("\n**{title}**\n\n| keys | do |\n| --- | --- |\n"),
            HelpLine::Keys(keys, doc) => {
                let keys: Vec<String> = keys.split(' ').map(|k| format!("`{k}`")).collect();
                out += &format!("| {} | {doc} |\n", keys.join(" "));
            }
            HelpLine::Gap => {}
        }
    }
    out + "\n"
}
