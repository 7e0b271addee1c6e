//! The home: a folder with the database and the runs' files.

mod filesystem;
mod migrate;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use diptych_domain::RunId;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};

use crate::error::{Result, StoreError, sqlite_code};

/// Something about a home that the user should know, though it works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HomeWarning {
    /// The home is on a network file system, where several machines at once can damage a SQLite database.
    NetworkFileSystem {
        /// The home.
        path: PathBuf,
        /// The file system's type, such as `nfs4`.
        kind: String,
    },
}

impl std::fmt::Display for HomeWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NetworkFileSystem { path, kind } => write!(
                f,
                "the home {} is on a network file system ({kind}): use it from one machine at a time, \
                 or choose a local one with --home DIR",
                path.display()
            ),
        }
    }
}

/// An open home. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
    pub(crate) pool: SqlitePool,
    options: SqliteConnectOptions,
    warnings: Vec<HomeWarning>,
}

impl Home {
    /// Opens the home at `root`, creating the folder, the database and its tables where they are missing, and
    /// bringing an older database up to date. Any number of processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`], [`StoreError::NewerDatabase`], [`StoreError::NotADatabase`].
    pub async fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Unwritable { path, source }
        };
        fs::create_dir_all(root.join("runs")).map_err(unwritable(root))?;
        let root = fs::canonicalize(root).map_err(unwritable(root))?;
        let file = root.join("diptych.db");
        // Opened for writing before SQLite does, which would open a file it may not write for reading alone.
        let lock = write_access(&root.join("diptych.lock"))?;
        write_access(&file)?;

        let options = SqliteConnectOptions::new()
            .filename(&file)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20))
            .synchronous(SqliteSynchronous::Normal)
            // Rows come from a thread of SQLite's own: fewer, larger hand-overs make lists faster.
            .row_buffer_size(2048)
            .optimize_on_close(false, None)
            // A busy machine's slow statement is no news for a user.
            .disable_statement_logging();
        {
            // Neither the switch to WAL nor migrations wait for each other by themselves.
            take(&lock)
                .await
                .map_err(unwritable(&root.join("diptych.lock")))?;
            let prepared = migrate::prepare(&options, &file).await;
            let _ = lock.unlock(); // dropping it unlocks too
            prepared.map_err(|e| explain(e, &file))?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(60))
            .connect_lazy_with(options.clone());
        let warnings = filesystem::network_type(&root)
            .map(|kind| HomeWarning::NetworkFileSystem {
                path: root.clone(),
                kind,
            })
            .into_iter()
            .collect();
        Ok(Self {
            root,
            pool,
            options,
            warnings,
        })
    }

    /// The home's folder, absolute.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join("diptych.db")
    }

    /// The folder of a run's files: `runs/<id>`.
    pub fn run_dir(&self, run: &RunId) -> PathBuf {
        self.root.join("runs").join(run.as_str())
    }

    /// What the user should know about this home.
    pub fn warnings(&self) -> &[HomeWarning] {
        &self.warnings
    }

    /// Closes the connections; the last process out merges the write-ahead log into the database.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// A connection of its own, for a writer.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection> {
        Ok(self.options.connect().await?)
    }

    #[cfg(test)]
    pub(crate) fn set_busy_timeout(&mut self, timeout: Duration) {
        self.options = self.options.clone().busy_timeout(timeout);
    }

    /// A transaction that may write. It takes the write lock at once, waiting for its turn: one that began by
    /// reading could find its snapshot outdated at its first write, which no waiting would mend.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// A transaction that reads one snapshot.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.pool.begin().await?)
    }
}

/// Waits for a file lock without holding up the thread, which may be the one that its holder needs.
async fn take(lock: &File) -> std::io::Result<()> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
}

fn write_access(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| StoreError::Unwritable {
            path: path.to_owned(),
            source,
        })
}

/// Turns SQLite's codes for "not a database" (26), "malformed" (11) and "read-only" (8) into errors that name the file.
fn explain(error: StoreError, file: &Path) -> StoreError {
    match sqlite_code(&error) {
        Some(26 | 11) => StoreError::NotADatabase {
            path: file.to_owned(),
            message: error.to_string(),
        },
        Some(8) => StoreError::Unwritable {
            path: file.to_owned(),
            source: std::io::Error::new(std::io::ErrorKind::ReadOnlyFilesystem, error.to_string()),
        },
        _ => error,
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |d| d.as_secs_f64())
}

/// Closes a lone connection, so that errors of the last write are seen.
pub(crate) async fn close(connection: SqliteConnection) -> Result<()> {
    Ok(connection.close().await?)
}

#[cfg(test)]
mod tests;
