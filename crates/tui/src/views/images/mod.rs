//! Probe images: runs in columns, what they show in rows, one step for all.

mod ask;
mod keys;
mod layout;
mod title;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diptych_domain::{RunId, RunSummary};
use diptych_store::ImageRecord;

pub use ask::{ask, took_list, took_picture};
pub use keys::{act, choose_roles, point_at};
pub use view::draw;

use crate::engine::pictures::{Loupe, Picture, Request, Via};
use crate::state::State;

/// Pictures that are kept ready.
const KEPT: usize = 192;

/// How the images of two runs are shown against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Side by side.
    #[default]
    Beside,
    /// One run at a time, in the same cells.
    Blink(usize),
    /// One left of a border, the other right of it: thousandths of the width.
    Wipe(u16),
}

/// What is subtracted from what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    #[default]
    Nothing,
    /// Each run's output and its target.
    Target,
    /// Each run's images and the first run's.
    First,
}

/// What is kept between sessions.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ImageOptions {
    /// How images are drawn; another session may be in another terminal.
    #[serde(skip)]
    pub via: Via,
    /// Halvings of the quality.
    pub thrift: u8,
    /// The chosen rows.
    pub roles: Option<Vec<String>>,
    /// Whether runs are the rows.
    pub turned: bool,
}

/// What is known of the images.
#[derive(Clone, Debug)]
pub struct ImagesState {
    /// What is kept between sessions.
    pub options: ImageOptions,
    /// Each run's images, in order of steps, and the step the run was at when they were read.
    pub lists: HashMap<RunId, (u64, Result<Vec<ImageRecord>, String>)>,
    /// Runs whose images are being read.
    pub awaited: BTreeSet<RunId>,
    /// The step; nothing: the latest.
    pub step: Option<u64>,
    /// The probe.
    pub probe: u32,
    /// How runs are shown against each other.
    pub mode: Mode,
    /// What is subtracted.
    pub against: Against,
    /// The loupe; a factor of 1 is none.
    pub loupe: Loupe,
    /// Only this row, on the whole screen.
    pub alone: Option<usize>,
    /// The first run that is shown, where not all have room.
    pub first: usize,
    /// Pictures ready to be drawn, with when each was used last.
    pub pictures: HashMap<Request, (u64, Result<Picture, String>)>,
    /// Pictures that are being made.
    pub painting: BTreeSet<u64>,
    /// Counts uses.
    pub clock: u64,
    /// Raised to have everything sent anew.
    pub generation: u32,
    /// A cell in pixels.
    pub cell: (u16, u16),
    /// What `auto` comes to.
    pub auto: Via,
}

impl Default for ImagesState {
    fn default() -> Self {
        Self {
            options: ImageOptions::default(),
            lists: HashMap::new(),
            awaited: BTreeSet::new(),
            step: None,
            probe: 0,
            mode: Mode::default(),
            against: Against::default(),
            loupe: Loupe {
                factor: 1,
                x: 500,
                y: 500,
            },
            alone: None,
            first: 0,
            pictures: HashMap::new(),
            painting: BTreeSet::new(),
            clock: 0,
            generation: 0,
            cell: (10, 20),
            auto: Via::Blocks,
        }
    }
}

impl ImagesState {
    /// Reads everything anew.
    pub fn forget(&mut self) {
        self.lists.clear();
        self.awaited.clear();
        self.redraw();
    }

    /// Has everything sent anew.
    pub fn redraw(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.pictures.clear();
        self.painting.clear();
    }

    /// How images are drawn, with `auto` decided.
    pub fn via(&self) -> Via {
        match self.options.via {
            Via::Auto => self.auto,
            via => via,
        }
    }

    /// Drops the pictures that were not used for longest.
    pub(crate) fn tidy(&mut self) {
        while self.pictures.len() > KEPT {
            let oldest = self
                .pictures
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(r, _)| r.clone());
            match oldest {
                Some(oldest) => drop(self.pictures.remove(&oldest)),
                None => break,
            }
        }
    }

    /// The images of a run.
    pub fn list(&self, run: &RunId) -> &[ImageRecord] {
        match self.lists.get(run) {
            Some((_, Ok(list))) => list,
            _ => &[],
        }
    }
}

/// The runs whose images are shown.
pub fn runs(state: &State) -> Vec<&RunSummary> {
    state.shown()
}

/// Those that have room, the rest being on other pages; while two are combined, all.
pub fn in_sight(state: &State) -> Vec<&RunSummary> {
    let all = runs(state);
    match state.images.mode {
        Mode::Beside => {
            let shown = layout::grid(state).shown;
            all.get(shown).map_or_else(|| all.clone(), <[_]>::to_vec)
        }
        _ => all,
    }
}

/// Every role that the shown runs have, those of every model first.
pub fn all_roles(state: &State) -> Vec<String> {
    const ORDER: [&str; 8] = [
        "input", "output", "target", "rec_A", "fake_A", "rec_B", "idt_A", "idt_B",
    ];
    let found: BTreeSet<&str> = runs(state)
        .iter()
        .flat_map(|r| state.images.list(&r.id))
        .map(|i| i.role.0.as_str())
        .collect();
    let known = ORDER.iter().copied().filter(|r| found.contains(r));
    let others = found.iter().copied().filter(|r| !ORDER.contains(r));
    known.chain(others).map(str::to_owned).collect()
}

/// The rows.
pub fn roles(state: &State) -> Vec<String> {
    let all = all_roles(state);
    let chosen = |roles: &Vec<String>| {
        roles
            .iter()
            .filter(|r| all.contains(r))
            .cloned()
            .collect::<Vec<_>>()
    };
    match state.images.options.roles.as_ref().map(chosen) {
        Some(chosen) if !chosen.is_empty() => chosen,
        _ => all,
    }
}

/// The steps at which any shown run has an image of this probe, in order.
pub fn steps(state: &State) -> Vec<u64> {
    let steps: BTreeSet<u64> = runs(state)
        .iter()
        .flat_map(|r| state.images.list(&r.id))
        // Inputs and targets are the same at every step, and saved once.
        .filter(|i| i.probe == state.images.probe && !matches!(i.role.0.as_str(), "input" | "target"))
        .map(|i| i.step)
        .collect();
    steps.into_iter().collect()
}

/// How many probes the shown runs have.
pub fn probes(state: &State) -> u32 {
    runs(state)
        .iter()
        .flat_map(|r| state.images.list(&r.id))
        .map(|i| i.probe + 1)
        .max()
        .unwrap_or(0)
}

/// The images of a run at a step, or the latest before it, by role.
pub fn at_step<'s>(state: &'s State, run: &RunId, step: Option<u64>) -> BTreeMap<&'s str, &'s ImageRecord> {
    let mut found: BTreeMap<&str, &ImageRecord> = BTreeMap::new();
    for image in state.images.list(run) {
        if image.probe == state.images.probe && step.is_none_or(|s| image.step <= s) {
            found.insert(image.role.0.as_str(), image);
        }
    }
    found
}
