//! Does what updates ask for, each on a task of its own; answers come back as events.

use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use diptych_domain::RunId;
use diptych_store::Home;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex, Semaphore};

use super::machine::{Watcher, gpus};
use super::pictures::Painter;
use super::reader::{Reader, text};
use super::{curves, details, figures, paths};
use crate::effect::{Effect, Reply};
use crate::event::Event;
use crate::host::{Host, Job};

/// Curves that are read at once.
const CURVES: usize = 2;

/// What effects work with. Cheap to clone.
#[derive(Clone)]
pub struct Performer {
    reader: Arc<Mutex<Reader>>,
    /// The home; another one where its database has been replaced.
    home: Arc<RwLock<Home>>,
    host: Arc<dyn Host>,
    painter: Arc<OnceLock<Painter>>,
    watcher: Arc<Watcher>,
    /// Curves that are read at once: more would take every connection from those who read runs, and memory for all their points.
    curves: Arc<Semaphore>,
    events: UnboundedSender<Event>,
}

impl Performer {
    /// Works on a home, and answers to `events`.
    pub fn new(home: Home, host: Arc<dyn Host>, events: UnboundedSender<Event>) -> Self {
        Self {
            reader: Arc::new(Mutex::new(Reader::new(home.clone()))),
            home: Arc::new(RwLock::new(home)),
            host,
            painter: Arc::default(),
            watcher: Arc::new(Watcher::default()),
            curves: Arc::new(Semaphore::new(CURVES)),
            events,
        }
    }

    /// Says what makes pictures; until then none are made.
    pub fn paint_with(&self, painter: Painter) {
        // A second one would be as good as the first.
        let _ = self.painter.set(painter);
    }

    /// Starts an effect. Those of the terminal itself are the loop's.
    pub fn start(&self, effect: Effect) {
        let this = self.clone();
        tokio::spawn(async move {
            let reply = this.perform(effect).await;
            if let Some(reply) = reply {
                this.tell(reply);
            }
        });
    }

    fn home(&self) -> Home {
        self.home.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, reply: Reply) {
        // Nobody listens any more once the dashboard is left.
        let _ = self.events.send(Event::Reply(Box::new(reply)));
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, String> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this))
            .await
            .map_err(|e| e.to_string())
    }

    async fn perform(&self, effect: Effect) -> Option<Reply> {
        let home = &self.home();
        Some(match effect {
            Effect::LoadRuns => {
                let mut reader = self.reader.lock().await;
                let read = reader.read(|news| self.tell(Reply::Runs(Ok(news)))).await;
                *self.home.write().unwrap_or_else(PoisonError::into_inner) = reader.home().clone();
                match read {
                    Ok(()) => return None,
                    Err(problem) => Reply::Runs(Err(problem)),
                }
            }
            Effect::LoadDetails(run) => {
                let page = details::read(home, &run).await;
                Reply::Details(run, page)
            }
            Effect::LoadCurve(request) => {
                let _turn = self.curves.acquire().await.ok()?;
                let curve = curves::make(home, &request).await;
                Reply::Curve(request, curve)
            }
            Effect::MakeGrid(ingredients, request) => {
                let grid = self
                    .blocking(move |_| crate::views::ablation::make(&request))
                    .await;
                Reply::Grid(ingredients, grid.and_then(|g| g).map(Box::new))
            }
            Effect::LoadStrip { run, key } => {
                let overview = home
                    .overview(&run, &key, .., crate::views::system::STRIP)
                    .await
                    .ok()?;
                Reply::Strip(run, key, overview.buckets.iter().map(|b| b.mean).collect())
            }
            Effect::LoadImages(run) => {
                let images = home.images(&run).await.map_err(text);
                Reply::Images(run, images)
            }
            Effect::LoadPicture(request) => {
                let asked = request.clone();
                let picture = self
                    .blocking(move |this| this.painter.wait().paint(&asked))
                    .await
                    .and_then(|p| p);
                Reply::Picture(request, picture)
            }
            Effect::FindCommand(run) => {
                let environment = home.environment(&run.id).await.unwrap_or_default();
                match self
                    .blocking(move |this| this.host.again(&run, &environment))
                    .await
                {
                    Ok(command) => Reply::Command(command),
                    Err(problem) => Reply::Failed(problem),
                }
            }
            Effect::Export(mut export) => {
                export.path = paths::expand(&export.path.to_string_lossy());
                if !export.replace && export.path.exists() {
                    return Some(Reply::Exists(export.path));
                }
                said(figures::write(home, &self.host, *export).await)
            }
            Effect::Start(mut job) => {
                if let Job::Launch { file, .. } = job.as_mut() {
                    *file = paths::expand(&file.to_string_lossy());
                }
                let started = self.blocking(move |this| this.host.start(&job)).await;
                said(started.and_then(|r| r))
            }
            Effect::Submit(form, what) => {
                let reply = Box::pin(self.perform(*what)).await?;
                Reply::Submitted(form, Box::new(reply))
            }
            Effect::Check(asked) => {
                let (file, sets) = (paths::expand(&asked.file), asked.sets.clone());
                let check = move |this: &Self| this.host.check(&file.to_string_lossy(), &sets);
                Reply::Checked(asked, self.blocking(check).await.and_then(|r| r))
            }
            Effect::FindPaths(typed, experiments) => {
                let start = typed.clone();
                let find = move |_: &Self| paths::proposals(&start, experiments);
                Reply::Paths(typed, self.blocking(find).await.unwrap_or_default())
            }
            Effect::Stop(run) => match home.request_stop(&run).await {
                Ok(true) => Reply::Done("asked to stop; it ends after its step, with a checkpoint".into()),
                Ok(false) => Reply::Failed("it is not running any more".into()),
                Err(e) => Reply::Failed(text(e)),
            },
            Effect::SetNote(run, note) => done(home.set_note(&run, &note).await, "noted"),
            Effect::SetTags { runs, add, remove } => {
                let changed = async {
                    for run in &runs {
                        home.add_tags(run, &add).await?;
                        home.remove_tags(run, &remove).await?;
                    }
                    Ok(())
                };
                let what = match runs.len() {
                    1 => "tags changed".to_owned(),
                    several => format!("tags of {several} runs changed"),
                };
                done(changed.await, &what)
            }
            Effect::SetArchived(runs, archived) => {
                let changed = async {
                    for run in &runs {
                        home.set_archived(run, archived).await?;
                    }
                    Ok(())
                };
                let what = match (archived, runs.len()) {
                    (true, 1) => "archived; archived:true in the filter finds it".to_owned(),
                    (true, n) => format!("{n} runs archived; archived:true in the filter finds them"),
                    (false, 1) => "brought back".to_owned(),
                    (false, n) => format!("{n} runs brought back"),
                };
                done(changed.await, &what)
            }
            Effect::Weigh(runs) => {
                let mut bytes = 0;
                for run in &runs {
                    // One that has been deleted meanwhile weighs nothing.
                    bytes += home.run_bytes(run).await.unwrap_or(0);
                }
                Reply::Weighed(runs, bytes)
            }
            Effect::Delete(runs) => self.delete(runs).await,
            Effect::LoadQueue => Reply::Queue(home.queue_order().map_err(text)),
            Effect::SetQueue(order) => match home.set_queue_order(&order) {
                Ok(()) => Reply::Queue(Ok(order)),
                Err(e) => Reply::Failed(text(e)),
            },
            Effect::LookAtMachine(runs) => {
                let gpus = self.blocking(|_| gpus()).await.unwrap_or_default();
                let mut machine = self.watcher.look(home, &runs).await;
                machine.gpus = gpus;
                Reply::Machine(Box::new(machine))
            }
            Effect::FindExperiments => {
                Reply::Experiments(self.blocking(|_| experiments()).await.unwrap_or_default())
            }
            Effect::FindDefaults(model) => {
                let asked = model.clone();
                let defaults = self.blocking(move |this| this.host.defaults(&asked)).await.ok()?;
                Reply::Defaults(model, defaults)
            }
            Effect::Copy(_) | Effect::Redraw | Effect::Quit => return None,
        })
    }

    async fn delete(&self, runs: Vec<RunId>) -> Reply {
        let (mut deleted, mut bytes, mut problems) = (0, 0, Vec::new());
        for run in runs {
            match self.home().delete_run(&run).await {
                Ok(freed) => (deleted, bytes) = (deleted + 1, bytes + freed),
                Err(e) => problems.push(text(e)),
            }
        }
        let freed = format!("{deleted} deleted, {} freed", diptych_domain::human::bytes(bytes));
        match problems.as_slice() {
            [] => Reply::Done(freed),
            _ => Reply::Failed(format!("{freed}; {}", problems.join("; "))),
        }
    }
}

fn said(result: Result<String, String>) -> Reply {
    match result {
        Ok(text) => Reply::Done(text),
        Err(problem) => Reply::Failed(problem),
    }
}

fn done<T>(result: diptych_store::Result<T>, what: &str) -> Reply {
    match result {
        Ok(_) => Reply::Done(what.to_owned()),
        Err(e) => Reply::Failed(text(e)),
    }
}

/// The TOML files here and in `experiments/`.
fn experiments() -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["experiments", "."] {
        let entries = std::fs::read_dir(Path::new(folder))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "toml") {
                found.push(path.strip_prefix(".").unwrap_or(&path).display().to_string());
            }
        }
    }
    found.retain(|f| !matches!(f.as_str(), "Cargo.toml" | "clippy.toml" | "rustfmt.toml"));
    found.sort();
    found
}
