//! A sweep's progress on standard error: bars on a terminal, lines now and then elsewhere.

use std::time::{Duration, Instant};

use diptych_domain::RunSummary;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;
use crate::render::table::cut;
use crate::render::{human, terminal};

/// How often a line is printed where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

const OVERALL: &str = "{bar:20.cyan/dim} {pos}/{len} cells  {msg}";
const TRAINING: &str = "{bar:20.green/dim} {pos}/{len}  {msg}";

/// Shows how far the sweep is.
pub struct View {
    bars: MultiProgress,
    overall: ProgressBar,
    plain: bool,
    last_line: Instant,
}

/// Shows how far a training is.
pub struct TrainingView {
    bar: ProgressBar,
    label: String,
    step: u64,
}

/// The numbers of the moment.
pub struct Tally {
    /// Cells that need nothing more.
    pub settled: usize,
    /// Cells in training here.
    pub training: usize,
    /// Cells that others train.
    pub elsewhere: usize,
    /// Cells that came to nothing.
    pub failed: usize,
    /// Seconds left, once they can be told.
    pub left: Option<f64>,
}

impl View {
    /// A view of `cells` cells.
    pub fn new(cells: usize) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        let overall = bars.add(styled(OVERALL, cells as u64));
        Self {
            plain: bars.is_hidden(),
            bars,
            overall,
            last_line: Instant::now(),
        }
    }

    /// A training begins, or goes on.
    pub fn start(&mut self, label: String, run: &RunSummary, steps: u64) -> TrainingView {
        let doing = match run.step {
            0 => "training".to_owned(),
            step => format!("continuing at step {step}"),
        };
        if self.plain {
            self.say(&format!("{}: {doing} ({label})", run.name));
        }
        let bar = self.bars.add(styled(TRAINING, steps));
        bar.set_message(label.clone());
        TrainingView {
            bar,
            label,
            step: run.step,
        }
    }

    /// A line above the bars.
    pub fn say(&self, text: &str) {
        if self.plain || self.bars.println(text).is_err() {
            output::note(text);
        }
    }

    /// Leaves the bars as they stand and says the rest in lines below: after Ctrl-C, which has written there.
    pub fn freeze(&mut self) {
        if !self.plain {
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
            self.plain = true;
        }
    }

    /// Shows the numbers; call this a few times a second.
    pub fn tick(&mut self, tally: &Tally, trainings: &[&TrainingView]) {
        let mut parts = vec![format!("{} in training", tally.training)];
        if tally.elsewhere > 0 {
            parts.push(format!("{} elsewhere", tally.elsewhere));
        }
        if tally.failed > 0 {
            parts.push(format!("{} failed", tally.failed));
        }
        parts.extend(tally.left.map(|s| format!("{} left", human::duration(s))));
        let message = parts.join(", ");
        self.overall.set_position(tally.settled as u64);
        if !self.plain {
            let room = room(&self.overall, tally.settled as u64, " cells");
            self.overall.set_message(cut(&message, room));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let total = self.overall.length().unwrap_or(0);
            let at: Vec<String> = trainings
                .iter()
                .map(|t| format!("{} {}/{}", t.label, t.step, t.bar.length().unwrap_or(0)))
                .collect();
            output::note(format!(
                "{}/{total} cells, {message}: {}",
                tally.settled,
                at.join("; ")
            ));
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.overall.finish_and_clear();
        let _ = self.bars.clear(); // a terminal that is gone shows nothing anyway
    }
}

impl TrainingView {
    /// Moves on.
    pub fn update(&mut self, run: &RunSummary) {
        self.step = run.step;
        if run.total_steps > 0 {
            self.bar.set_length(run.total_steps);
        }
        self.bar.set_position(run.step);
        let losses: Vec<String> = run
            .metrics
            .iter()
            .filter_map(|(key, m)| {
                let name = key.as_str().strip_prefix("loss/")?;
                Some(format!("{name} {}", human::number(m.last)))
            })
            .collect();
        let room = room(&self.bar, run.step, "");
        self.bar.set_message(beside(&self.label, &losses.join(" "), room));
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Takes the bar away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Columns for what is said beside a bar of this style.
fn room(bar: &ProgressBar, position: u64, unit: &str) -> usize {
    let counts = format!("{position}/{}{unit}", bar.length().unwrap_or(0));
    let used = 20 + 1 + counts.chars().count() + 2;
    terminal::error_width().saturating_sub(used).max(1)
}

/// Two texts beside each other in `room` columns. The first gives way, as far as to a third of them.
fn beside(label: &str, rest: &str, room: usize) -> String {
    if rest.is_empty() {
        return cut(label, room);
    }
    let left = room.saturating_sub(rest.chars().count() + 2).max(room / 3);
    cut(&format!("{}  {rest}", cut(label, left)), room)
}

fn styled(template: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::hidden();
    bar.set_length(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_gives_way_to_the_losses_but_not_altogether() {
        let label = "seed=1 objective=L1 alone";
        assert_eq!(
            beside(label, "G_L1 69.80", 40),
            "seed=1 objective=L1 alone  G_L1 69.80"
        );
        assert_eq!(beside(label, "G_L1 69.80", 30), "seed=1 objective=…  G_L1 69.80");
        let text = beside(label, "D_fake 0.7377 D_real 0.6009 G_GAN 0.7280", 30);
        assert_eq!(text, "seed=1 ob…  D_fake 0.7377 D_r…");
        assert_eq!(beside(label, "", 12), "seed=1 obje…");
    }
}
