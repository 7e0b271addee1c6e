//! Asking for images and taking them in.

use std::hash::{DefaultHasher, Hash, Hasher};

use diptych_domain::RunId;
use diptych_store::ImageRecord;

use super::layout::grid;
use super::runs;
use crate::effect::Effect;
use crate::engine::pictures::{Picture, Request};
use crate::state::{State, View};

/// Pictures that are made at once: on a slow machine those of a step that has been left already are not waited for.
const AT_ONCE: usize = 12;

/// Asks for the lists and pictures that are in sight and not at hand.
pub fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    if state.view != View::Images {
        return;
    }
    let stale: Vec<RunId> = runs(state)
        .iter()
        .filter(|run| {
            state
                .images
                .lists
                .get(&run.id)
                .is_none_or(|(step, _)| *step != run.step)
        })
        .map(|run| run.id.clone())
        .collect();
    for run in stale {
        if state.images.awaited.insert(run.clone()) {
            effects.push(Effect::LoadImages(run));
        }
    }
    state.images.clock += 1;
    let clock = state.images.clock;
    for slot in grid(state).slots {
        let Some(request) = slot.request else { continue };
        if let Some((used, _)) = state.images.pictures.get_mut(&request) {
            *used = clock;
            continue;
        }
        if state.images.painting.len() < AT_ONCE && state.images.painting.insert(hash(&request)) {
            effects.push(Effect::LoadPicture(Box::new(request)));
        }
    }
}

/// Takes a run's list of images in.
pub fn took_list(
    state: &mut State,
    run: RunId,
    list: Result<Vec<ImageRecord>, String>,
    effects: &mut Vec<Effect>,
) {
    state.images.awaited.remove(&run);
    let step = state.runs.get(&run).map_or(0, |r| r.step);
    state.images.lists.insert(run, (step, list));
    ask(state, effects);
}

/// Takes a picture in.
pub fn took_picture(
    state: &mut State,
    request: Request,
    picture: Result<Picture, String>,
    effects: &mut Vec<Effect>,
) {
    state.images.painting.remove(&hash(&request));
    state.images.clock += 1;
    let clock = state.images.clock;
    state.images.pictures.insert(request, (clock, picture));
    state.images.tidy();
    ask(state, effects);
}

fn hash(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}
