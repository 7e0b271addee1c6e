//! Images: rows here, files in the run's folder.

use std::path::PathBuf;

use diptych_domain::{ImageRole, RunId};

use crate::error::Result;
use crate::home::Home;
use crate::runs::pk;

/// An image file of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRecord {
    /// The step it shows.
    pub step: u64,
    /// The epoch that step is in.
    pub epoch: u64,
    /// When it was written: seconds since the Unix epoch.
    pub wall: f64,
    /// What it shows: `input`, `output`, `target`.
    pub role: ImageRole,
    /// The probe's index.
    pub probe: u32,
    /// Where the probe's input came from.
    pub caption: String,
    /// The file, relative to the run's folder.
    pub path: PathBuf,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Home {
    /// A run's images, in the order of steps, then probes, then roles.
    ///
    /// # Errors
    /// An unknown run, or where the database cannot be read.
    pub async fn images(&self, run: &RunId) -> Result<Vec<ImageRecord>> {
        let mut tx = self.read().await?;
        let run = pk(&mut tx, run).await?;
        let rows = sqlx::query!(
            "SELECT path, step, epoch, wall, role, probe, caption, width, height FROM images
             WHERE run = ? ORDER BY step, probe, role",
            run
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| ImageRecord {
                step: r.step as u64,
                epoch: r.epoch as u64,
                wall: r.wall,
                role: ImageRole(r.role),
                probe: r.probe as u32,
                caption: r.caption,
                path: r.path.into(),
                width: r.width as u32,
                height: r.height as u32,
            })
            .collect())
    }
}
