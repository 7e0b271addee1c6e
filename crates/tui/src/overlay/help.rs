//! All keys, from the table of actions.

use super::Outcome;
use crate::action::{ACTIONS, Action, Place};
use crate::keys::{Chord, Keymap};
use crate::state::State;

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
    /// Keys and what they do.
    Keys(String, &'static str),
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
            out.push(HelpLine::Keys(keymap.text(place, info.action), info.doc));
        }
    }
    out
}

/// Hands a key to the help.
pub(super) fn key(help: &mut Help, state: &State, chord: Chord, action: Option<Action>) -> Outcome {
    let page = usize::from(state.size.height.saturating_sub(6)).max(1);
    let lines = lines(&state.keymap, help.place).len();
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
