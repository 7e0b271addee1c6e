//! The table of runs, and a run's details beside it.

pub mod column;
mod details;
mod keys;
pub mod page;
pub mod rows;
mod table;

use std::collections::BTreeSet;

use diptych_domain::{RunId, RunSummary};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use keys::{act, reverse_sort, select_row, set_sort, sort_by_next};

use crate::state::State;
use crate::state::runs::RunStore;
use column::Column;
use page::DetailsState;
use rows::{Grouping, Identities, Row};

/// From this width on, details stand beside the table; below, they take its place.
const WIDE: u16 = 120;

/// What is known of the table.
#[derive(Clone, Debug)]
pub struct RunsState {
    /// The rows.
    pub rows: Vec<Row>,
    /// The runs that pass the filter, in order.
    pub shown: Vec<usize>,
    /// The selected row.
    pub selected: usize,
    /// What the selected row was, to find it again.
    pub anchor: Option<String>,
    /// Whether that is still to be found.
    pub seeking: bool,
    /// A field, with `-` in front where the largest come first.
    pub sort: String,
    /// How they are grouped.
    pub grouping: Grouping,
    /// The groups whose runs are listed.
    pub expanded: BTreeSet<String>,
    /// Experiments without seed and name.
    pub identities: Identities,
    /// The chosen columns; none: those of the default.
    pub chosen: Option<Vec<String>>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The runs and metrics that the columns were made for.
    columns_suit: Option<(u64, usize)>,
    /// The first column that is shown behind the name.
    pub first_column: usize,
    /// Whether the keyboard is in the details.
    pub in_details: bool,
    /// Whether one pane has the whole screen.
    pub alone: bool,
    /// The details.
    pub details: DetailsState,
}

impl Default for RunsState {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            shown: Vec::new(),
            selected: 0,
            anchor: None,
            seeking: false,
            sort: rows::NEWEST_FIRST.into(),
            grouping: Grouping::None,
            expanded: BTreeSet::new(),
            identities: Identities::default(),
            chosen: None,
            columns: Vec::new(),
            columns_suit: None,
            first_column: 0,
            in_details: false,
            alone: false,
            details: DetailsState::default(),
        }
    }
}

impl RunsState {
    /// The selected run; of a group its first.
    pub fn selected_run<'r>(&self, runs: &'r RunStore) -> Option<&'r RunSummary> {
        let index = match self.rows.get(self.selected)? {
            Row::Run { index, .. } => *index,
            Row::Group { members, .. } => *members.first()?,
        };
        runs.all().get(index)
    }

    /// Has the columns made anew.
    pub fn forget_columns(&mut self) {
        self.columns_suit = None;
    }

    /// The runs of the selected row.
    pub fn selected_ids(&self, runs: &RunStore) -> Vec<RunId> {
        let members = self.rows.get(self.selected).map(Row::members).unwrap_or_default();
        members
            .into_iter()
            .filter_map(|at| Some(runs.all().get(at)?.id.clone()))
            .collect()
    }

    /// Takes the chosen columns, or those that suit the runs. What suits them changes with runs and metrics that come or go, not with
    /// every new point.
    pub fn refresh_columns(&mut self, runs: &RunStore) {
        let suits = Some((runs.membership(), self.shown.len()));
        if suits == self.columns_suit {
            return;
        }
        self.columns_suit = suits;
        self.columns = match &self.chosen {
            Some(chosen) => chosen.iter().filter_map(|c| Column::parse(c).ok()).collect(),
            None => Column::default_set(runs, &self.shown),
        };
        self.first_column = self.first_column.min(self.columns.len().saturating_sub(1));
    }
}

/// Where table and details are; either may have no room.
pub fn panes(state: &State) -> (Rect, Rect) {
    let body = state.body();
    let nothing = Rect::new(body.x, body.y, 0, 0);
    if body.width < WIDE || state.table.alone {
        return if state.table.in_details {
            (nothing, body)
        } else {
            (body, nothing)
        };
    }
    let details = (body.width * 2 / 5).min(90);
    let table = body.width - details - 1;
    (
        Rect { width: table, ..body },
        Rect {
            x: body.x + table + 1,
            width: details,
            ..body
        },
    )
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let (table, details) = panes(state);
    if table.width > 0 {
        table::draw(state, table, buffer);
    }
    if details.width > 0 {
        details::draw(state, details, buffer);
    }
}

/// What is said where the filter finds nothing but archived runs.
pub fn archived_hint(state: &State) -> Option<String> {
    if !state.table.shown.is_empty() || state.filter.error().is_some() {
        return None;
    }
    let hidden = state.runs.all().iter();
    match hidden.filter(|r| state.filter.hides(r, state.now)).count() {
        0 => None,
        1 => Some("1 archived run matches: add archived:true".into()),
        n => Some(format!("{n} archived runs match: add archived:true")),
    }
}

/// The row of the table that lies at a place of the screen.
pub fn row_at(state: &State, x: u16, y: u16) -> Option<usize> {
    let (area, _) = panes(state);
    table::row_at(state, area, x, y)
}
