//! Sweeps: an experiment and the factors whose combinations are its cells.
//!
//! ```toml
//! model = "pix2pix"
//! data.root = "datasets/facades"
//! [sweep]
//! "params.n_layers" = [1, 3, 5]     # a key of the experiment and its values
//! seed = [1, 2]
//! [sweep.loss]                      # a factor of variants: a name of one's own,
//! "L1" = { params.lambda_gan = 0 }  # and named groups of settings as its values
//! "L1+cGAN" = {}
//! ```

mod assign;
mod factors;

use std::collections::{BTreeSet, HashMap};

use super::ExperimentSpec;
use super::draft::Draft;
use super::error::{Origin, SpecError, SpecIssue};
use super::setting::{self, Setting};
use crate::cell::{FactorValue, label};
use crate::params::ParamDecl;
use crate::suggest;

pub use factors::{Factor, Level};

/// More cells than anybody means to train.
const MOST_CELLS: usize = 10_000;

/// A sweep as read from a file, mistakes included.
#[derive(Clone, Debug)]
pub struct Sweep {
    file: String,
    base: Vec<Setting>,
    factors: Vec<Factor>,
    issues: Vec<SpecIssue>,
}

/// One combination of the factors' values.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Each factor and its value here.
    pub factors: Vec<FactorValue>,
    /// The experiment.
    pub draft: Draft,
}

/// A cell whose experiment is sound.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCell {
    /// Each factor and its value here.
    pub factors: Vec<FactorValue>,
    /// The experiment, resolved.
    pub spec: ExperimentSpec,
}

impl Sweep {
    /// Reads a sweep file's text and the `--set` assignments on top of it. `KEY=[A, B]` makes KEY a factor, or replaces its
    /// values; `FACTOR=["A", "B"]` takes some of a factor's variants; any other changes the experiment of every cell.
    /// `file` is only named in messages.
    pub fn parse<S: AsRef<str>>(file: &str, text: &str, assignments: &[S]) -> Self {
        let mut read = factors::Reader::new(file, text);
        let base = match setting::from_toml(file, text) {
            Ok(settings) => settings,
            Err(issue) => {
                read.issues.push(issue);
                Vec::new()
            }
        };
        let mut base: Vec<Setting> = base.into_iter().filter(|s| s.key != "sweep").collect();
        if read.issues.is_empty() {
            read.table();
            for assignment in assignments {
                base.extend(read.assignment(assignment.as_ref()));
            }
            read.finish();
        }
        Self {
            file: file.to_owned(),
            base,
            factors: read.factors,
            issues: read.issues,
        }
    }

    /// The factors, in the order of the file.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// The mistakes in the factors; those in the experiment are in the cells' drafts.
    pub fn issues(&self) -> &[SpecIssue] {
        &self.issues
    }

    /// The experiment's own model and name, as every cell has them that does not vary them.
    pub fn draft(&self) -> Draft {
        Draft::from_settings(&self.file, self.base.clone())
    }

    /// Drops factors and variants' settings that `model` has no hyperparameter for, and notes each once: the cells would
    /// repeat it. For sweeps that do not vary the model.
    pub fn check_params(&mut self, model: &str, decls: &[ParamDecl]) {
        let mut seen = BTreeSet::new();
        for factor in &mut self.factors {
            for level in &mut factor.levels {
                level.settings.retain(|setting| {
                    let name = setting.key.strip_prefix("params.");
                    let Some(name) = name.filter(|name| decls.iter().all(|d| d.name != *name)) else {
                        return true;
                    };
                    if seen.insert(setting.key.clone()) {
                        let hint = suggest::hint(name, decls.iter().map(|d| d.name));
                        let valid: Vec<&str> = decls.iter().map(|d| d.name).collect();
                        self.issues.push(SpecIssue {
                            origin: Some(setting.origin.clone()),
                            key: Some(setting.key.clone()),
                            value: None,
                            problem: format!("unknown parameter{hint}; {model} takes {}", valid.join(", ")),
                        });
                    }
                    false
                });
            }
        }
    }

    /// How many combinations there are; nothing where they are more than can be counted.
    pub fn count(&self) -> Option<usize> {
        self.factors
            .iter()
            .try_fold(1_usize, |n, f| n.checked_mul(f.levels.len()))
    }

    /// Every combination: the last factor varies fastest.
    ///
    /// # Errors
    /// Where there are more than 10,000.
    pub fn cells(&self) -> Result<Vec<Cell>, SpecError> {
        let count = self
            .count()
            .filter(|n| *n <= MOST_CELLS)
            .ok_or_else(|| SpecError {
                issues: vec![SpecIssue {
                    origin: self.factors.first().map(|f| f.origin.clone()),
                    key: Some("sweep".into()),
                    value: None,
                    problem: format!(
                        "{} cells: expected at most {MOST_CELLS}",
                        self.factors
                            .iter()
                            .map(|f| f.levels.len().to_string())
                            .collect::<Vec<_>>()
                            .join(" x ")
                    ),
                }],
            })?;
        Ok((0..count).map(|index| self.cell(index)).collect())
    }

    /// Resolves every cell.
    ///
    /// # Errors
    /// Every mistake in the factors and in the cells' experiments, each once; two cells that are the same experiment.
    pub fn plan(
        &self,
        mut resolve: impl FnMut(Draft) -> Result<ExperimentSpec, SpecError>,
    ) -> Result<Vec<PlannedCell>, SpecError> {
        let mut issues = self.issues.clone();
        if issues
            .iter()
            .any(|issue| issue.key.is_none() && issue.origin != Some(Origin::Set))
        {
            return Err(SpecError { issues }); // not TOML: whatever seems missing may be there
        }
        let mut found: Vec<(SpecIssue, Vec<String>)> = Vec::new();
        let mut planned = Vec::new();
        let cells = self.cells()?;
        let count = cells.len();
        for cell in cells {
            match resolve(cell.draft) {
                Ok(spec) => planned.push(PlannedCell {
                    factors: cell.factors,
                    spec,
                }),
                Err(error) => {
                    for issue in error.issues {
                        let label = label(&cell.factors);
                        match found.iter_mut().find(|(known, _)| *known == issue) {
                            Some((_, labels)) => labels.push(label),
                            None => found.push((issue, vec![label])),
                        }
                    }
                }
            }
        }
        issues.extend(found.into_iter().map(|(mut issue, labels)| {
            // Where the value itself does not tell which cells it is in.
            if labels.len() < count && !self.is_factors_value(&issue) {
                let more = match labels.len() {
                    1 => String::new(),
                    n => format!(" and {} more", n - 1),
                };
                issue.problem = format!("{} (in the cell {}{more})", issue.problem, labels[0]);
            }
            issue
        }));
        if issues.is_empty() {
            issues.extend(self.twins(&planned));
        }
        if issues.is_empty() {
            return Ok(planned);
        }
        issues.sort_by_key(|issue| match &issue.origin {
            Some(Origin::File { line, .. }) => (0, *line),
            Some(Origin::Set) => (1, 0),
            None => (2, 0),
        });
        Err(SpecError { issues })
    }

    fn is_factors_value(&self, issue: &SpecIssue) -> bool {
        let settings = self
            .factors
            .iter()
            .flat_map(|f| &f.levels)
            .flat_map(|l| &l.settings);
        settings
            .into_iter()
            .any(|s| issue.key.as_deref() == Some(&s.key) && issue.origin.as_ref() == Some(&s.origin))
    }

    /// The first two cells that would train the same thing.
    fn twins(&self, planned: &[PlannedCell]) -> Option<SpecIssue> {
        let mut seen: HashMap<String, &PlannedCell> = HashMap::new();
        for cell in planned {
            let Some(twin) = seen.insert(cell.spec.nameless_json().ok()?, cell) else {
                continue;
            };
            let differs = twin.factors.iter().zip(&cell.factors).position(|(a, b)| a != b);
            let factor = self.factors.get(differs.unwrap_or(0));
            return Some(SpecIssue {
                origin: factor.map(|f| f.origin.clone()),
                key: Some(factor.map_or_else(|| "sweep".into(), |f| format!("sweep.{}", f.name))),
                value: None,
                problem: format!(
                    "the cells {} and {} are the same experiment with every setting resolved: leave one out, or let them \
                     differ",
                    label(&twin.factors),
                    label(&cell.factors)
                ),
            });
        }
        None
    }

    fn cell(&self, mut index: usize) -> Cell {
        let mut chosen = Vec::new();
        for factor in self.factors.iter().rev() {
            chosen.push((factor, &factor.levels[index % factor.levels.len()]));
            index /= factor.levels.len();
        }
        chosen.reverse();
        let mut settings = self.base.clone();
        settings.extend(chosen.iter().flat_map(|(_, level)| level.settings.clone()));
        Cell {
            factors: chosen
                .iter()
                .map(|(factor, level)| (factor.name.clone(), level.value.clone()))
                .collect(),
            draft: Draft::from_settings(&self.file, settings),
        }
    }
}

#[cfg(test)]
mod tests;
