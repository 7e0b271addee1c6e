//! Reads the runs: the first page at once, then all, then what changes.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;

use diptych_domain::RunId;
use diptych_store::{Home, StoreError};

use crate::state::runs::News;

/// Runs that are read before all others: more than a screen shows.
const FIRST: usize = 128;
/// Every so many readings it is seen whether processes are gone.
const CRASHES_EVERY: u64 = 5;

/// What has been read so far.
pub struct Reader {
    home: Home,
    /// The database file as it was opened: another file of that name is another database.
    file: Option<u64>,
    revision: Option<i64>,
    known: HashSet<RunId>,
    readings: u64,
}

impl Reader {
    /// Of a home.
    pub fn new(home: Home) -> Self {
        let mut reader = Self {
            home,
            file: None,
            revision: None,
            known: HashSet::new(),
            readings: 0,
        };
        reader.file = reader.inode();
        reader
    }

    /// The home. It is opened again where its database has been replaced.
    pub fn home(&self) -> &Home {
        &self.home
    }

    fn inode(&self) -> Option<u64> {
        std::fs::metadata(self.home.database()).ok().map(|m| m.ino())
    }

    /// What is new. `tell` gets the parts as they come.
    pub async fn read(&mut self, mut tell: impl FnMut(News)) -> Result<(), String> {
        // SQLite would go on reading a file that has been unlinked.
        let file = self.inode();
        if file.is_none() {
            self.revision = None;
            return Err(format!(
                "the database {} is gone; what was read before is still shown, and it is looked for again",
                self.home.database().display()
            ));
        }
        if file != self.file {
            self.home = Home::open(self.home.path()).await.map_err(text)?;
            self.file = self.inode();
            self.revision = None;
        }
        self.readings += 1;
        if self.readings % CRASHES_EVERY == 1 {
            self.home.detect_crashed().await.map_err(text)?;
        }
        match self.revision {
            None => self.read_all(&mut tell).await,
            Some(since) => self.read_changes(since, &mut tell).await,
        }
        .map_err(text)
    }

    async fn read_all(&mut self, tell: &mut impl FnMut(News)) -> Result<(), StoreError> {
        let revision = self.home.revision().await?;
        let first = self.home.list_page(None, FIRST).await?;
        if first.len() == FIRST {
            tell(News {
                changed: first,
                ..News::default()
            });
        }
        let all = self.home.list().await?;
        self.known = all.iter().map(|r| r.id.clone()).collect();
        self.revision = Some(revision);
        tell(News {
            remain: Some(all.iter().map(|r| r.id.clone()).collect()),
            changed: all,
            complete: true,
        });
        Ok(())
    }

    async fn read_changes(&mut self, since: i64, tell: &mut impl FnMut(News)) -> Result<(), StoreError> {
        let changes = self.home.changes_since(since).await?;
        self.known.extend(changes.runs.iter().map(|r| r.id.clone()));
        let mut remain = None;
        if self.known.len() as u64 != changes.total {
            let ids = self.home.run_ids().await?;
            self.known = ids.iter().cloned().collect();
            remain = Some(ids);
        }
        self.revision = Some(changes.revision);
        tell(News {
            changed: changes.runs,
            remain,
            complete: true,
        });
        Ok(())
    }
}

/// The error for people.
pub fn text(error: StoreError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use diptych_domain::ExperimentSpec;
    use diptych_store::NewRun;

    use super::*;

    async fn run(home: &Home, name: &str) -> RunId {
        let spec: ExperimentSpec = serde_json::from_str(r#"{"model": "pix2pix"}"#).unwrap();
        let new = NewRun {
            name: Some(name.into()),
            ..NewRun::new(spec)
        };
        home.create_run(new).await.unwrap().id
    }

    async fn read(reader: &mut Reader) -> Result<Vec<News>, String> {
        let mut told = Vec::new();
        reader.read(|news| told.push(news)).await.map(|()| told)
    }

    fn names(news: &News) -> Vec<&str> {
        news.changed.iter().map(|r| r.name.as_str()).collect()
    }

    #[tokio::test]
    async fn after_the_first_reading_only_changes_come() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).await.unwrap();
        let first = run(&home, "first").await;
        let mut reader = Reader::new(home.clone());
        assert_eq!(names(&read(&mut reader).await.unwrap()[0]), ["first"]);
        run(&home, "second").await;
        let news = read(&mut reader).await.unwrap();
        assert_eq!((news.len(), names(&news[0])), (1, vec!["second"]));
        assert!(names(&read(&mut reader).await.unwrap()[0]).is_empty());
        home.delete_run(&first).await.unwrap();
        let news = read(&mut reader).await.unwrap();
        assert_eq!(news[0].remain.as_ref().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn a_database_that_goes_is_missed_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).await.unwrap();
        run(&home, "first").await;
        let mut reader = Reader::new(home.clone());
        read(&mut reader).await.unwrap();
        let (file, aside) = (home.database(), dir.path().join("aside.db"));
        std::fs::rename(&file, &aside).unwrap();
        let problem = read(&mut reader).await.unwrap_err();
        assert!(problem.contains("is gone"), "{problem}");
        std::fs::rename(&aside, &file).unwrap();
        assert_eq!(names(&read(&mut reader).await.unwrap()[0]), ["first"]);

        // Another database in its place; the old one is still open, as it is in a dashboard.
        for name in ["diptych.db", "diptych.db-wal", "diptych.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(name));
        }
        let other = Home::open(dir.path()).await.unwrap();
        run(&other, "other").await;
        let news = read(&mut reader).await.unwrap();
        assert_eq!(names(&news[0]), ["other"]);
        assert_eq!(news[0].remain.as_ref().map(Vec::len), Some(1));
    }
}
