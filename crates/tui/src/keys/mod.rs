//! Which key does what, where: the table of [`ACTIONS`] with a user's file on top of it.

mod chord;
mod file;

use std::collections::HashMap;

pub use chord::{Chord, NoKey};
pub use file::{KeyFileError, KeyIssue};

use crate::action::{ACTIONS, Action, Place};

/// Keys and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bound: HashMap<(Place, Chord), Action>,
    /// The keys of each action in a place, in the order to show them.
    shown: HashMap<(Place, Action), Vec<Chord>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut map = Self {
            bound: HashMap::new(),
            shown: HashMap::new(),
        };
        for info in ACTIONS {
            let keys: Vec<Chord> = info
                .keys
                .iter()
                .map(|key| key.parse().expect("the table's keys are keys, a test says so"))
                .collect();
            for place in info.places {
                map.set(*place, info.action, keys.clone());
            }
        }
        map
    }
}

impl Keymap {
    /// What `chord` does in a place: there, or anywhere unless something is being typed.
    pub fn lookup(&self, place: Place, chord: Chord) -> Option<Action> {
        let here = self.bound.get(&(place, chord));
        let anywhere = || {
            (place != Place::Input)
                .then(|| self.bound.get(&(Place::Anywhere, chord)))
                .flatten()
        };
        here.or_else(anywhere).copied()
    }

    /// The keys of an action in a place.
    pub fn keys(&self, place: Place, action: Action) -> &[Chord] {
        self.shown.get(&(place, action)).map_or(&[], Vec::as_slice)
    }

    /// The keys as text: `k up`; nothing where there are none.
    pub fn text(&self, place: Place, action: Action) -> String {
        let keys = self.keys(place, action).iter().map(Chord::to_string);
        keys.collect::<Vec<_>>().join(" ")
    }

    /// Replaces the keys of an action in a place.
    fn set(&mut self, place: Place, action: Action, keys: Vec<Chord>) {
        self.bound.retain(|(p, _), a| *p != place || *a != action);
        for key in &keys {
            self.bound.insert((place, *key), action);
        }
        self.shown.insert((place, action), keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in Place::ALL {
            let mut seen: HashMap<Chord, Action> = HashMap::new();
            for info in ACTIONS.iter().filter(|i| i.places.contains(&place)) {
                for key in info.keys {
                    let chord: Chord = key.parse().unwrap();
                    if let Some(other) = seen.insert(chord, info.action) {
                        panic!("{key} is both {other:?} and {:?} in {place:?}", info.action);
                    }
                }
            }
        }
    }

    #[test]
    fn a_place_comes_before_anywhere_and_typing_is_not_anywhere() {
        let map = Keymap::default();
        let key = |text: &str| text.parse::<Chord>().unwrap();
        assert_eq!(map.lookup(Place::Runs, key("b")), Some(Action::Group));
        assert_eq!(map.lookup(Place::Charts, key("b")), Some(Action::Bands));
        assert_eq!(map.lookup(Place::Ablation, key("q")), Some(Action::Quit));
        assert_eq!(map.lookup(Place::Input, key("q")), None);
        assert_eq!(map.text(Place::Anywhere, Action::Up), "k up");
    }
}
