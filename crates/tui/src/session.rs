//! What is kept between sessions: the view, columns, filter, marks and the like, in `dashboard.json` in the home.

use std::io;
use std::path::Path;

use diptych_domain::RunId;
use serde::{Deserialize, Serialize};

use crate::state::{State, View};
use crate::views::charts::ChartOptions;
use crate::views::images::ImageOptions;
use crate::views::runs::rows::{Grouping, rebuild};

/// The file's name.
pub const FILE: &str = "dashboard.json";

/// What is kept. What a file lacks or says wrongly is as at the first start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    view: View,
    filter: String,
    marks: Vec<RunId>,
    sort: Option<String>,
    columns: Option<Vec<String>>,
    grouping: Grouping,
    selected: Option<String>,
    charts: ChartOptions,
    images: ImageOptions,
    rows: Option<String>,
    cols: Option<String>,
    no_cols: bool,
    measure: Option<String>,
}

impl Session {
    /// What is worth keeping of a state.
    pub fn of(state: &State) -> Self {
        Self {
            view: state.view,
            filter: state.filter.text().to_owned(),
            marks: state.marks.clone(),
            sort: Some(state.table.sort.clone()),
            columns: state.table.chosen.clone(),
            grouping: state.table.grouping.clone(),
            selected: state.table.anchor.clone(),
            charts: state.charts.options.clone(),
            images: state.images.options.clone(),
            rows: state.ablation.rows.clone(),
            cols: state.ablation.cols.clone(),
            no_cols: state.ablation.no_cols,
            measure: state.ablation.measure.clone(),
        }
    }

    /// Puts it into a fresh state.
    pub fn restore(self, state: &mut State) {
        state.view = self.view;
        state.filter.set(&self.filter);
        if state.filter.error().is_some() {
            state.filter.set("");
        }
        state.marks = self.marks;
        if let Some(sort) = self.sort {
            state.table.sort = sort;
        }
        state.table.chosen = self.columns;
        state.table.grouping = self.grouping;
        state.table.seeking = self.selected.is_some();
        state.table.anchor = self.selected;
        state.charts.options = self.charts.sound();
        state.images.options = self.images;
        state.ablation.rows = self.rows;
        state.ablation.cols = self.cols;
        state.ablation.no_cols = self.no_cols;
        state.ablation.measure = self.measure;
        state.table.forget_columns();
        rebuild(state);
    }

    /// Reads what was kept; a file that cannot be read is as good as none.
    pub fn load(home: &Path) -> Self {
        let text = std::fs::read_to_string(home.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps it: written under another name, then renamed.
    ///
    /// # Errors
    /// Where the home cannot be written.
    pub fn save(&self, home: &Path) -> io::Result<()> {
        // A home that has vanished is not made again for this.
        let temporary = home.join(format!(".{FILE}.{}", std::process::id()));
        std::fs::write(&temporary, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&temporary, home.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_damage_is_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Session::load(dir.path()), Session::default());
        let session = Session {
            view: View::Charts,
            filter: "status:running".into(),
            marks: vec![RunId::from_stored("0193")],
            grouping: Grouping::By(vec!["seed".into()]),
            ..Session::default()
        };
        session.save(dir.path()).unwrap();
        assert_eq!(Session::load(dir.path()), session);
        std::fs::write(dir.path().join(FILE), "{\"view\": \"nowhere\"").unwrap();
        assert_eq!(Session::load(dir.path()), Session::default());
        assert!(session.save(&dir.path().join("gone")).is_err());
    }
}
