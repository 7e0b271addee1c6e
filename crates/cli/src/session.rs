//! An open home and the runtime that its database needs.

use std::future::Future;
use std::path::{Path, PathBuf};

use diptych_domain::RunSummary;
use diptych_store::{Home, StoreError};
use tokio::runtime::{Builder, Runtime};

use crate::Context;
use crate::failure::{Failure, chain};
use crate::output;

/// An open home.
pub struct Session {
    /// The home.
    pub home: Home,
    runtime: Runtime,
}

/// `--home`, else `$DIPTYCH_HOME`, else `./.diptych`.
pub fn home_path(context: &Context) -> PathBuf {
    let variable = || std::env::var_os("DIPTYCH_HOME").filter(|v| !v.is_empty());
    context
        .home
        .clone()
        .or_else(|| variable().map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(".diptych"))
}

impl Session {
    /// Opens the home, making it where there is none, and marks runs whose process is gone.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let session = Self::silent(&home_path(context))?;
        for warning in session.home.warnings() {
            output::note(format!("warning: {warning}"));
        }
        Ok(session)
    }

    /// As [`Session::open`], without a word about what is doubtful: for when a dashboard has the screen.
    pub fn silent(home: &Path) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let home = runtime.block_on(Home::open(home)).map_err(explain)?;
        runtime.block_on(home.detect_crashed()).map_err(explain)?;
        Ok(Self { home, runtime })
    }

    /// Waits for anything.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Waits for the store.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
        self.runtime.block_on(work).map_err(explain)
    }

    /// The run of that name or id, or the only one that starts so.
    pub fn find(&self, text: &str) -> Result<RunSummary, Failure> {
        self.wait(self.home.find_run(text))
    }

    /// The runs of those names or ids, each once.
    pub fn find_all(&self, texts: &[String]) -> Result<Vec<RunSummary>, Failure> {
        let mut runs: Vec<RunSummary> = Vec::new();
        for text in texts {
            let run = self.find(text)?;
            if !runs.iter().any(|r| r.id == run.id) {
                runs.push(run);
            }
        }
        Ok(runs)
    }
}

/// Which of the store's errors are the user's to mend.
fn explain(error: StoreError) -> Failure {
    let text = chain(&error);
    match error {
        StoreError::Unwritable { .. }
        | StoreError::NewerDatabase { .. }
        | StoreError::NotADatabase { .. }
        | StoreError::NotFound { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::AlreadyRunning { .. }
        | StoreError::NameTaken { .. }
        | StoreError::BadName { .. } => Failure::usage(text),
        _ => Failure::new(text),
    }
}
