//! Log lines: in the database, and as text in the run's `log.txt`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use diptych_domain::{LogLevel, RunId};

use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::runs::pk;

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When: seconds since the Unix epoch.
    pub wall: f64,
    /// How grave.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}

impl Home {
    /// A run's log, oldest first.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn log_lines(&self, run: &RunId) -> Result<Vec<LogLine>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!(
            "SELECT wall, level, message FROM log_lines WHERE run = ? ORDER BY pk",
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| LogLine {
                wall: r.wall,
                level: [LogLevel::Warn, LogLevel::Error]
                    .into_iter()
                    .find(|l| l.as_str() == r.level)
                    .unwrap_or(LogLevel::Info),
                message: r.message,
            })
            .collect())
    }
}

/// Appends lines to a run's `log.txt`.
pub(crate) fn append_text(run_dir: &Path, lines: &[LogLine]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let path = run_dir.join("log.txt");
    let mut text = String::new();
    for line in lines {
        text += &format!(
            "{} {:5} {}\n",
            timestamp(line.wall),
            line.level.as_str(),
            line.message
        );
    }
    std::fs::create_dir_all(run_dir)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| StoreError::File { path, source })
}

/// `2026-11-23T21:56:38.123Z`.
fn timestamp(wall: f64) -> String {
    let time =
        jiff::Timestamp::from_millisecond((wall * 1e3).round() as i64).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_civil() {
        assert_eq!(timestamp(0.0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_399.999), "2000-02-28T23:59:59.999Z");
        assert_eq!(timestamp(951_782_400.0), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_795_470_998.5), "2026-11-23T21:56:38.500Z");
    }
}
