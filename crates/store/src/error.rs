//! What can go wrong in a store.

use std::path::PathBuf;

use crate::process::ProcessIdentity;

/// Shorthand for results of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What can go wrong in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The home cannot be created or written to.
    #[error(
        "cannot write to the home {}: {source}; choose another with --home DIR or DIPTYCH_HOME",
        path.display()
    )]
    Unwritable {
        /// The folder or file that refused.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database has migrations that this binary does not know.
    #[error(
        "{} was last used by diptych {written_by} (schema {found}); this is diptych {} (schema {known}), which is older: \
         use the newer binary, or another home with --home DIR",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    NewerDatabase {
        /// The database file.
        path: PathBuf,
        /// The version of Diptych that made it so.
        written_by: String,
        /// The newest migration in the database.
        found: i64,
        /// The newest migration that this binary knows.
        known: i64,
    },
    /// The file is no SQLite database, or is damaged.
    #[error("{} is not a database, or is damaged: {message}", path.display())]
    NotADatabase {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// No run is called that.
    #[error("no run `{text}`{hint}; `diptych runs` lists them")]
    NotFound {
        /// What was looked for.
        text: String,
        /// The nearest name, if one is near.
        nearest: Option<String>,
        /// ` (did you mean …?)` or nothing.
        hint: String,
    },
    /// More than one run starts like that.
    #[error("`{text}` may mean any of {}; give more of the name or id", candidates.join(", "))]
    Ambiguous {
        /// What was looked for.
        text: String,
        /// The names of the runs it fits.
        candidates: Vec<String>,
    },
    /// Another process trains this run.
    #[error("run {run} is being trained by process {} on {}; stop it first with `diptych stop {run}`", owner.pid, owner.host)]
    AlreadyRunning {
        /// The run's name.
        run: String,
        /// Who has it.
        owner: Box<ProcessIdentity>,
    },
    /// This process was taken for dead, and another one has taken its run over.
    #[error("run {run} has been taken over by {}", owner.as_ref().map_or("another process".to_owned(), |o| format!("process {} on {}", o.pid, o.host)))]
    ClaimLost {
        /// The run's id.
        run: String,
        /// Who has it now, if anyone.
        owner: Option<Box<ProcessIdentity>>,
    },
    /// A run with this name exists already.
    #[error("a run named `{name}` exists already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A name that could not be told from something else on a command line.
    #[error("`{name}` cannot name a run: {problem}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong, and what would be valid.
        problem: &'static str,
    },
    /// A stored value that this binary cannot read.
    #[error("the database: {what} is damaged: {problem}")]
    Damaged {
        /// Which value.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A spec that has no JSON form.
    #[error("the experiment cannot be saved: {0}")]
    Spec(#[source] serde_json::Error),
    /// The writer thread is gone; its last words are kept.
    #[error("the store's writer stopped: {message}")]
    WriterStopped {
        /// Why.
        message: String,
    },
    /// A file beside the database.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else that SQLite or sqlx reports: a full disk, a lock held for too long.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether trying again later can help: a lock, a full disk, a failing device.
    pub fn is_transient(&self) -> bool {
        // SQLITE_BUSY 5, LOCKED 6, IOERR 10, FULL 13, CANTOPEN 14; extended codes carry them in the low byte.
        matches!(sqlite_code(self), Some(5 | 6 | 10 | 13 | 14))
    }
}

/// SQLite's primary result code, if the error has one.
pub(crate) fn sqlite_code(error: &StoreError) -> Option<i32> {
    match error {
        StoreError::Database(sqlx::Error::Database(e)) => {
            e.code().and_then(|c| c.parse::<i32>().ok()).map(|c| c & 0xff)
        }
        _ => None,
    }
}
