//! All that the dashboard knows. [`crate::update`] alone changes it; views only look.

pub mod completion;
pub mod filter;
pub mod notice;
pub mod pace;
pub mod runs;

use diptych_domain::{RunId, RunSummary};
use ratatui::layout::{Rect, Size};

use crate::action::Place;
use crate::effect::Effect;
use crate::keys::Keymap;
use crate::overlay::Overlay;
use crate::theme::Theme;
use crate::update::SLOW;
use crate::views::ablation::AblationState;
use crate::views::charts::ChartsState;
use crate::views::images::ImagesState;
use crate::views::runs::RunsState;
use crate::views::system::SystemState;
use filter::Filter;
use notice::Notice;
use runs::RunStore;

/// One of the five views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The table of runs, and a run's details.
    #[default]
    Runs,
    /// Curves.
    Charts,
    /// Probe images.
    Images,
    /// Factors against each other.
    Ablation,
    /// Machine, live runs, queue.
    System,
}

impl View {
    /// In the order of their keys.
    pub const ALL: [Self; 5] = [
        Self::Runs,
        Self::Charts,
        Self::Images,
        Self::Ablation,
        Self::System,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Runs => "Runs",
            Self::Charts => "Charts",
            Self::Images => "Images",
            Self::Ablation => "Ablation",
            Self::System => "System",
        }
    }
}

/// Where `enter` came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayBack {
    /// The view.
    pub view: View,
    /// Where another filter was set: the one that there was, and the new one.
    pub filter: Option<(String, String)>,
}

/// The smallest terminal that the views are made for.
pub const SMALLEST: Size = Size::new(80, 24);

/// All that the dashboard knows.
#[derive(Clone, Debug)]
pub struct State {
    /// Seconds since the Unix epoch, as of the last tick.
    pub now: f64,
    /// The terminal's size.
    pub size: Size,
    /// The open view.
    pub view: View,
    /// The views that `enter` came from, the last one last.
    pub ways_back: Vec<WayBack>,
    /// Every run.
    pub runs: RunStore,
    /// The marked runs, in the order of marking. Some may have been deleted meanwhile.
    pub marks: Vec<RunId>,
    /// Which runs are shown.
    pub filter: Filter,
    /// The table and the details.
    pub table: RunsState,
    /// Curves.
    pub charts: ChartsState,
    /// Images.
    pub images: ImagesState,
    /// Factors.
    pub ablation: AblationState,
    /// Machine and queue.
    pub system: SystemState,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// What to say at the foot.
    pub notice: Option<Notice>,
    /// What keys do.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// Whether what is shown stays as it is.
    pub frozen: bool,
    /// The home, as it is shown.
    pub home: String,
    /// Whether something has changed since it was last drawn.
    pub dirty: bool,
    /// When the runs are to be read next.
    pub next_read: f64,
    /// Counts what forms have sent off.
    pub sent: u64,
}

impl State {
    /// A fresh state; nothing has been read yet.
    pub fn new(home: String, keymap: Keymap, theme: Theme, size: Size, now: f64) -> Self {
        Self {
            now,
            size,
            view: View::default(),
            ways_back: Vec::new(),
            runs: RunStore::default(),
            marks: Vec::new(),
            filter: Filter::default(),
            table: RunsState::default(),
            charts: ChartsState::default(),
            images: ImagesState::default(),
            ablation: AblationState::default(),
            system: SystemState::default(),
            overlay: None,
            notice: None,
            keymap,
            theme,
            frozen: false,
            home,
            dirty: true,
            next_read: now,
            sent: 0,
        }
    }

    /// Whether the terminal is smaller than the views are made for.
    pub fn too_small(&self) -> bool {
        self.size.width < SMALLEST.width || self.size.height < SMALLEST.height
    }

    /// Goes to a view from which `esc` leads back here. `before` is the filter that there was, where another one has been set.
    pub fn go(&mut self, view: View, before: Option<String>) {
        let here = WayBack {
            view: self.view,
            filter: before.map(|before| (before, self.filter.text().to_owned())),
        };
        self.ways_back.push(here);
        self.view = view;
    }

    /// Where the keyboard is.
    pub fn place(&self) -> Place {
        match (&self.overlay, self.view) {
            (Some(_), _) => Place::Input,
            (None, View::Runs) if self.table.in_details => Place::Details,
            (None, View::Runs) => Place::Runs,
            (None, View::Charts) => Place::Charts,
            (None, View::Images) => Place::Images,
            (None, View::Ablation) => Place::Ablation,
            (None, View::System) => Place::System,
        }
    }

    /// What is wrong with the store, as long as it is: a line of its own below the line of views.
    pub fn banner(&self) -> Option<String> {
        if let Some(trouble) = &self.runs.trouble {
            return Some(trouble.clone());
        }
        let asked = self
            .runs
            .asked
            .filter(|asked| self.runs.complete && self.now - asked > SLOW)?;
        Some(format!(
            "waiting for the database, {:.0} s; another process may have it locked",
            self.now - asked
        ))
    }

    /// The body of the screen: between the line of views and the context bar.
    pub fn body(&self) -> Rect {
        let top = 1 + u16::from(self.banner().is_some());
        Rect::new(0, top, self.size.width, self.size.height.saturating_sub(top + 1))
    }

    /// Whether a run is marked.
    pub fn is_marked(&self, id: &RunId) -> bool {
        self.marks.contains(id)
    }

    /// The marked runs that are still there.
    pub fn marked(&self) -> Vec<&RunSummary> {
        self.marks.iter().filter_map(|id| self.runs.get(id)).collect()
    }

    /// The runs that charts and images show: the marked ones, or the selected one.
    pub fn shown(&self) -> Vec<&RunSummary> {
        let marked = self.marked();
        if marked.is_empty() {
            self.selected().into_iter().collect()
        } else {
            marked
        }
    }

    /// The runs that actions for several are about: the marked ones where the selected one is among them, else that one.
    pub fn acted_on(&self) -> Vec<&RunSummary> {
        match self.selected() {
            Some(run) if self.is_marked(&run.id) => self.marked(),
            run => run.into_iter().collect(),
        }
    }

    /// The run that actions are about.
    pub fn selected(&self) -> Option<&RunSummary> {
        match self.view {
            View::System => self.system.selected(&self.runs),
            _ => self.table.selected_run(&self.runs),
        }
    }

    /// Marks or unmarks a run.
    pub fn toggle_mark(&mut self, id: &RunId) {
        match self.marks.iter().position(|m| m == id) {
            Some(at) => drop(self.marks.remove(at)),
            None => self.marks.push(id.clone()),
        }
    }

    /// Says something at the foot.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice::good(text, self.now));
    }

    /// Says at the foot what went wrong.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice::bad(text, self.now));
    }

    /// Reads the runs soon.
    pub fn read_soon(&mut self) -> Effect {
        self.runs.asked.get_or_insert(self.now);
        Effect::LoadRuns
    }
}
