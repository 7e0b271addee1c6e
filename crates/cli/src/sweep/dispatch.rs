//! Training the cells of a sweep, some at a time, until each has ended or the user stops.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use diptych_domain::{RunStatus, RunSummary, SweepCell};
use diptych_runner::sweep::Action;
use diptych_store::{NewRun, ProcessIdentity, TakenCell};

use super::child::Training;
use super::memory::{self, Held};
use super::plan::Plan;
use super::survey::Standing;
use super::view::{Tally, TrainingView, View};
use crate::compute::{Compute, ComputeArgs};
use crate::failure::Failure;
use crate::session::Session;
use crate::{environment, interrupt};

/// How often children are looked after.
const TICK: Duration = Duration::from_millis(100);
/// How often the store is asked how far trainings are.
const POLL: Duration = Duration::from_millis(500);
/// How often a cell is begun that its child did not train, before it counts as failed.
const ATTEMPTS: u32 = 3;

/// How to train.
pub struct Options {
    /// Trainings at once.
    pub jobs: usize,
    /// What the children are told.
    pub args: ComputeArgs,
    /// What the runs' records say.
    pub compute: Compute,
    /// Tags of new runs.
    pub tags: Vec<String>,
    /// The note of new runs.
    pub note: String,
    /// A fingerprint of each of the plan's data sets.
    pub fingerprints: Vec<String>,
}

/// A cell's run, whichever way it ended.
pub type Ended = Option<RunSummary>;

/// One cell in training.
struct Job {
    cell: usize,
    run: RunSummary,
    training: Training,
    view: TrainingView,
    begun_at: u64,
}

struct Dispatcher<'a> {
    session: &'a Session,
    plan: &'a Plan,
    options: &'a Options,
    process: ProcessIdentity,
    pending: VecDeque<usize>,
    jobs: Vec<Job>,
    /// Cells that other processes train, as they were last seen.
    elsewhere: Vec<(usize, RunSummary)>,
    ended: Vec<Ended>,
    attempts: Vec<u32>,
    /// Steps that each cell had left when the sweep began.
    left: Vec<u64>,
    /// Steps done since then by trainings that have ended.
    done: u64,
    begun: Instant,
    view: View,
    /// Whether something has been said about memory.
    warned_of_memory: bool,
}

/// Trains what `standings` leaves to be done. Each cell's run as it is in the end; nothing for cells that have none.
pub fn dispatch(
    session: &Session,
    plan: &Plan,
    standings: &[Standing],
    options: &Options,
) -> Result<Vec<Ended>, Failure> {
    interrupt::install(|| {})?;
    let count = plan.cells.len();
    let mut dispatcher = Dispatcher {
        session,
        plan,
        options,
        process: ProcessIdentity::current(),
        pending: VecDeque::new(),
        jobs: Vec::new(),
        elsewhere: Vec::new(),
        ended: vec![None; count],
        attempts: vec![0; count],
        left: plan
            .cells
            .iter()
            .zip(standings)
            .map(|(cell, standing)| standing.steps_left(cell.steps))
            .collect(),
        done: 0,
        begun: Instant::now(),
        view: View::new(count),
        warned_of_memory: false,
    };
    // What has finished is counted first, and recorded as a cell of this sweep whatever it was trained for.
    for (cell, standing) in standings.iter().enumerate() {
        match (standing.action, &standing.run) {
            (Action::Leave { .. }, Some(run)) => dispatcher.ended[cell] = Some(run.clone()),
            (_, Some(run)) if run.status == RunStatus::Finished => dispatcher.begin(cell)?,
            _ => dispatcher.pending.push_back(cell),
        }
    }
    let outcome = dispatcher.work();
    dispatcher.view.finish();
    // Leaving early closes the children's standard input, which stops them cleanly.
    outcome?;
    let before = standings.iter().map(|standing| standing.run.clone());
    Ok(dispatcher
        .ended
        .into_iter()
        .zip(before)
        .map(|(ended, before)| ended.or(before))
        .collect())
}

impl Dispatcher<'_> {
    fn work(&mut self) -> Result<(), Failure> {
        let mut polled = Instant::now();
        loop {
            let stopping = interrupt::received();
            if stopping {
                self.view.freeze();
                self.jobs.iter_mut().for_each(|job| job.training.stop());
            }
            self.reap()?;
            while !stopping
                && self.jobs.len() < self.options.jobs
                && let Some(cell) = self.pending.pop_front()
            {
                self.begin(cell)?;
            }
            let nothing_left = self.pending.is_empty() && self.elsewhere.is_empty();
            if self.jobs.is_empty() && (stopping || nothing_left) {
                return Ok(());
            }
            if polled.elapsed() >= POLL {
                polled = Instant::now();
                self.poll()?;
            }
            self.tick();
            thread::sleep(TICK);
        }
    }

    /// Takes a cell and starts its training, unless it has finished or is another's.
    fn begin(&mut self, cell: usize) -> Result<(), Failure> {
        let home = &self.session.home;
        let planned = &self.plan.cells[cell];
        let known = self.elsewhere.iter().any(|(c, _)| *c == cell);
        self.elsewhere.retain(|(c, _)| *c != cell);
        let environment = environment::describe(&self.options.compute).into_iter().collect();
        let new = NewRun {
            name: Some(planned.run_name(&self.plan.name)),
            tags: self.options.tags.clone(),
            note: self.options.note.clone(),
            environment,
            code_version: environment::VERSION.into(),
            data_fingerprint: self.options.fingerprints.get(planned.data).cloned(),
            device: self.options.compute.device.to_string(),
            ..NewRun::new(planned.spec.clone())
        };
        let record = SweepCell {
            sweep: self.plan.name.clone(),
            factors: planned.factors.clone(),
        };
        let run = match self.session.wait(home.take_cell(new, &record, &self.process))? {
            TakenCell::Finished(run) => {
                self.warn_of_other_data(&run, planned.data)?;
                self.ended[cell] = Some(run);
                return Ok(());
            }
            TakenCell::Elsewhere(run) => {
                if !known {
                    self.view.say(&format!(
                        "{}: another process trains {}",
                        planned.label(),
                        run.name
                    ));
                }
                self.elsewhere.push((cell, run));
                return Ok(());
            }
            TakenCell::Ours(run) => run,
        };
        if run.step > 0 {
            self.warn_of_other_data(&run, planned.data)?;
        }
        self.attempts[cell] += 1;
        let mut args = self.options.args;
        if args.threads.is_none() && run.step == 0 {
            // A run that is continued keeps its own number, and with it its numbers to the last bit.
            args.threads = u16::try_from(self.options.compute.threads).ok();
        }
        let dir = home.run_dir(&run.id);
        match Training::start(home.path(), &dir, &run.id, &args) {
            Ok(training) => {
                let view = self.view.start(planned.label(), &run, planned.steps);
                self.jobs.push(Job {
                    cell,
                    begun_at: run.step,
                    run,
                    training,
                    view,
                });
                Ok(())
            }
            Err(e) => {
                let message = format!("cannot start its process: {e}");
                self.session
                    .wait(home.release_cell(&run.id, &self.process, Some(&message)))?;
                self.end(cell, self.session.wait(home.summary(&run.id))?);
                Ok(())
            }
        }
    }

    fn warn_of_other_data(&self, run: &RunSummary, data: usize) -> Result<(), Failure> {
        let now = self.options.fingerprints.get(data);
        if let (Some(then), Some(now)) = (&run.data_fingerprint, now)
            && then != now
        {
            self.view.say(&format!(
                "warning: {} was trained on other images than {} holds now",
                run.name, run.spec.data.root
            ));
        }
        Ok(())
    }

    /// Looks which children have ended.
    fn reap(&mut self) -> Result<(), Failure> {
        let mut at = 0;
        while at < self.jobs.len() {
            match self.jobs[at].training.ended()? {
                None => at += 1,
                Some(status) => {
                    let job = self.jobs.remove(at);
                    self.settle(job, status.code())?;
                }
            }
        }
        Ok(())
    }

    /// A child has ended: what has become of its run?
    fn settle(&mut self, job: Job, code: Option<i32>) -> Result<(), Failure> {
        let home = &self.session.home;
        self.session.wait(home.detect_crashed())?;
        let mut run = self.session.wait(home.summary(&job.run.id))?;
        self.done += run.step.saturating_sub(job.begun_at);
        let stopping = interrupt::received();
        let cell = job.cell;
        match run.status {
            // It never came to claiming the run.
            RunStatus::Queued => {
                let words = job.training.last_words();
                let message = (!stopping).then(|| match words.as_str() {
                    "" => "its process ended before it began".to_owned(),
                    words => words.trim_start_matches("error: ").to_owned(),
                });
                self.session
                    .wait(home.release_cell(&run.id, &self.process, message.as_deref()))?;
                run = self.session.wait(home.summary(&run.id))?;
            }
            // Another process was quicker: a child of a sweep that was killed at that moment, or a `resume` by hand.
            RunStatus::Running => {
                self.elsewhere.push((cell, run));
                job.view.finish();
                return Ok(());
            }
            RunStatus::Stopped if code == Some(2) && !stopping && self.attempts[cell] < ATTEMPTS => {
                self.pending.push_back(cell);
                job.view.finish();
                return Ok(());
            }
            _ => {}
        }
        job.view.finish();
        self.end(cell, run);
        Ok(())
    }

    fn end(&mut self, cell: usize, run: RunSummary) {
        let what = match (run.status, &run.message) {
            (RunStatus::Finished, _) => "finished".to_owned(),
            (RunStatus::Stopped, _) => format!("stopped at step {}", run.step),
            (status, Some(message)) => format!("{status} at step {}: {message}", run.step),
            (status, None) => format!("{status} at step {}", run.step),
        };
        self.view.say(&format!("{}: {what}", run.name));
        self.ended[cell] = Some(run);
    }

    /// Asks the store how far the trainings are.
    fn poll(&mut self) -> Result<(), Failure> {
        let home = &self.session.home;
        for job in &mut self.jobs {
            job.view.update(&self.session.wait(home.summary(&job.run.id))?);
        }
        self.look_at_memory();
        if self.elsewhere.is_empty() {
            return Ok(());
        }
        self.session.wait(home.detect_crashed())?;
        for (cell, seen) in std::mem::take(&mut self.elsewhere) {
            let run = self.session.wait(home.summary(&seen.id))?;
            match run.status {
                RunStatus::Running => self.elsewhere.push((cell, run)),
                RunStatus::Finished | RunStatus::Failed | RunStatus::Diverged => self.end(cell, run),
                // Given up by its sweep, or about to be begun by a living one, which the store tells apart.
                RunStatus::Queued => {
                    self.elsewhere.push((cell, run));
                    if !self.pending.contains(&cell) {
                        self.pending.push_back(cell);
                    }
                }
                _ => self.pending.push_back(cell),
            }
        }
        Ok(())
    }

    /// Warns, once, where as many trainings as are asked for do not fit in memory, by what those that have done a step hold.
    fn look_at_memory(&mut self) {
        if self.warned_of_memory || self.options.jobs < 2 {
            return;
        }
        let held: Vec<Option<Held>> = self.jobs.iter().map(|job| job.training.memory()).collect();
        let at_work = self
            .jobs
            .iter()
            .zip(&held)
            .filter(|(job, _)| job.view.step() > job.begun_at);
        let peak = at_work.filter_map(|(_, held)| held.map(|h| h.peak)).max();
        let (Some(peak), Some(free)) = (peak, memory::available()) else {
            return;
        };
        let have = free + held.iter().flatten().map(|h| h.now).sum::<u64>();
        let jobs = self.options.jobs.min(self.jobs.len() + self.pending.len());
        if let Some(warning) = memory::warning(jobs, peak, have) {
            self.view.say(&warning);
            self.warned_of_memory = true;
        }
    }

    fn tick(&mut self) {
        if interrupt::received() {
            return; // the next round freezes the view
        }
        let good = |run: &RunSummary| run.status == RunStatus::Finished;
        let ended = self.ended.iter().flatten();
        let settled = ended.clone().filter(|run| good(run)).count();
        let tally = Tally {
            settled,
            failed: ended.count() - settled,
            training: self.jobs.len(),
            elsewhere: self.elsewhere.len(),
            left: self.seconds_left(),
        };
        let views: Vec<&TrainingView> = self.jobs.iter().map(|job| &job.view).collect();
        self.view.tick(&tally, &views);
    }

    /// At the speed so far.
    fn seconds_left(&self) -> Option<f64> {
        let here = |job: &Job| job.view.step().saturating_sub(job.begun_at);
        let done = self.done + self.jobs.iter().map(here).sum::<u64>();
        let pending: u64 = self.pending.iter().map(|cell| self.left[*cell]).sum();
        let begun = self
            .jobs
            .iter()
            .map(|job| self.left[job.cell].saturating_sub(here(job)));
        let left = pending + begun.sum::<u64>();
        (done > 0).then(|| left as f64 * self.begun.elapsed().as_secs_f64() / done as f64)
    }
}
