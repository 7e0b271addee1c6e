//! Factors against each other: means, spreads, differences to a baseline, and what is missing.

mod grid;
mod keys;
mod missing;
mod view;

pub use grid::{Cell, Grid, Request, factors_at_hand, make};
pub use keys::{act, press};
pub use view::draw;

use crate::effect::Effect;
use crate::state::State;

/// What is known of the ablation table.
#[derive(Clone, Debug, Default)]
pub struct AblationState {
    /// The rows' factor; nothing: a telling one.
    pub rows: Option<String>,
    /// The columns' factor; likewise.
    pub cols: Option<String>,
    /// Whether there are to be no columns.
    pub no_cols: bool,
    /// The metric; nothing: a telling one.
    pub measure: Option<String>,
    /// The baseline's row and column, as text.
    pub baseline: Option<(String, String)>,
    /// The table.
    pub grid: Option<Result<Grid, String>>,
    /// What the table was made of: it is not made anew for what does not show in it.
    made_of: Option<u64>,
    /// The selected row and column.
    pub at: (usize, usize),
}

/// Has the table made anew, where anything in it has changed.
pub fn changed(state: &mut State, effects: &mut Vec<Effect>) {
    if state.view != crate::state::View::Ablation {
        return;
    }
    let ingredients = grid::ingredients(state);
    if state.ablation.made_of == Some(ingredients) {
        return;
    }
    state.ablation.made_of = Some(ingredients);
    match grid::request(state) {
        Ok(request) => effects.push(Effect::MakeGrid(ingredients, Box::new(request))),
        Err(problem) => state.ablation.grid = Some(Err(problem)),
    }
}

/// Takes a table in, unless another has been asked for since.
pub fn took_grid(state: &mut State, ingredients: u64, grid: Result<Grid, String>) {
    if state.ablation.made_of != Some(ingredients) {
        return;
    }
    if let Ok(grid) = &grid {
        state.ablation.at.0 = state.ablation.at.0.min(grid.rows.len().saturating_sub(1));
        state.ablation.at.1 = state.ablation.at.1.min(grid.cols.len().saturating_sub(1));
    }
    state.ablation.grid = Some(grid);
}

impl AblationState {
    /// The selected cell; nothing where the combination has no run.
    pub fn selected(&self) -> Option<&Cell> {
        match &self.grid {
            Some(Ok(grid)) => grid.cells.get(self.at.0)?.get(self.at.1)?.as_ref(),
            _ => None,
        }
    }
}
