//! A training's progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use diptych_domain::{LogLevel, RunEvent};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::human;
use crate::{interrupt, output};

/// How often a line is printed where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often scores are printed at most.
const SCORES_EVERY: Duration = Duration::from_secs(2);
/// The speed is the mean over this much time.
const WINDOW: Duration = Duration::from_secs(20);

/// Losses have a line of their own: they are many.
const TEMPLATE: &str = "{bar:20.green/dim} {pos}/{len}  {wide_msg}\n{prefix:.dim}";

/// Shows what events say.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    batch_size: u64,
    started: Option<Started>,
    step: u64,
    epoch: u64,
    losses: String,
    marks: VecDeque<(Instant, u64)>,
    last_line: Instant,
    last_scores: Option<Instant>,
}

struct Started {
    total_steps: u64,
    total_epochs: u64,
}

impl Progress {
    /// A bar that appears with the first event.
    pub fn new(batch_size: u32) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self {
            plain: bar.is_hidden(),
            bar,
            batch_size: batch_size.into(),
            started: None,
            step: 0,
            epoch: 0,
            losses: String::new(),
            marks: VecDeque::new(),
            last_line: Instant::now(),
            last_scores: None,
        }
    }

    /// Leaves the bar as it stands and says the rest in lines below: after Ctrl-C, which has written there.
    fn freeze(&mut self) {
        if !self.plain && interrupt::received() {
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
            self.plain = true;
        }
    }

    /// Takes note of an event.
    pub fn event(&mut self, event: &RunEvent) {
        self.freeze();
        match event {
            RunEvent::Started {
                step,
                epoch,
                total_steps,
                total_epochs,
                ..
            } => {
                self.started = Some(Started {
                    total_steps: *total_steps,
                    total_epochs: *total_epochs,
                });
                (self.step, self.epoch) = (*step, *epoch + 1);
                self.marks.push_back((Instant::now(), *step));
                self.bar.set_length(*total_steps);
                self.bar.set_position(*step);
            }
            RunEvent::Metrics { values, epoch, .. } => {
                let losses: Vec<String> = values
                    .iter()
                    .filter_map(|(key, value)| {
                        Some(format!(
                            "{} {}",
                            key.as_str().strip_prefix("loss/")?,
                            human::number(*value)
                        ))
                    })
                    .collect();
                self.epoch = *epoch;
                if !losses.is_empty() {
                    self.losses = losses.join("  ");
                }
                let scores: Vec<String> = values
                    .iter()
                    .filter_map(|(key, value)| {
                        Some(format!(
                            "{} {}",
                            key.as_str().strip_prefix("eval/")?,
                            human::number(*value)
                        ))
                    })
                    .collect();
                // Tiny epochs would fill the screen.
                if !scores.is_empty() && self.last_scores.is_none_or(|t| t.elapsed() >= SCORES_EVERY) {
                    self.last_scores = Some(Instant::now());
                    self.say(&format!("epoch {epoch}: held out: {}", scores.join("  ")));
                }
            }
            // The log tells why.
            RunEvent::RolledBack { step, epoch, .. } => {
                (self.step, self.epoch) = (*step, *epoch + 1);
                self.marks.clear();
                self.bar.set_position(*step);
            }
            RunEvent::Log { level, message, .. } => match level {
                LogLevel::Info => self.say(message),
                LogLevel::Warn => self.say(&format!("warning: {message}")),
                LogLevel::Error => self.say(&format!("error: {message}")),
            },
            RunEvent::Ended { .. } => self.bar.finish_and_clear(),
            _ => {}
        }
    }

    /// Moves on to `step`, which the training has done; call this a few times a second.
    pub fn tick(&mut self, step: u64) {
        self.freeze();
        let Some(total) = self.started.as_ref().map(|s| (s.total_steps, s.total_epochs)) else {
            return;
        };
        let now = Instant::now();
        self.step = self.step.max(step);
        self.marks.push_back((now, self.step));
        while self.marks.len() > 2 && self.marks.front().is_some_and(|(t, _)| now - *t > WINDOW) {
            self.marks.pop_front();
        }
        let message = self.message(total.1);
        if !self.plain {
            self.bar.set_position(self.step);
            self.bar.set_message(message);
            self.bar.set_prefix(self.losses.clone());
        } else if now - self.last_line >= LINE_EVERY {
            self.last_line = now;
            output::note(format!(
                "step {}/{}  {message}  {}",
                self.step, total.0, self.losses
            ));
        }
    }

    fn message(&self, total_epochs: u64) -> String {
        let rate = self.steps_per_second();
        let left = self
            .started
            .as_ref()
            .map_or(0, |s| s.total_steps.saturating_sub(self.step)) as f64;
        let speed = match rate {
            Some(rate) => format!(
                "{} images/s, {} left",
                human::rate(rate * self.batch_size as f64),
                human::duration(left / rate)
            ),
            None => "…".into(),
        };
        format!("epoch {}/{total_epochs}  {speed}", self.epoch.min(total_epochs))
    }

    fn steps_per_second(&self) -> Option<f64> {
        let ((t0, s0), (t1, s1)) = (self.marks.front()?, self.marks.back()?);
        let seconds = (*t1 - *t0).as_secs_f64();
        (s1 > s0 && seconds > 0.0).then(|| (s1 - s0) as f64 / seconds)
    }

    /// A line above the bar.
    fn say(&self, text: &str) {
        if self.plain {
            output::note(text);
        } else {
            self.bar.println(text);
        }
    }
}
