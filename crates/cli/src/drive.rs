//! Training on its own thread, watched from this one.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use diptych_domain::{ExperimentSpec, RunEvent};
use diptych_models::Plugin;
use diptych_runner::{RunnerError, TrainOptions, TrainOutcome, train};

use crate::failure::Failure;
use crate::progress::Progress;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(125);
/// How often others are asked whether they want the training to stop.
const POLL: Duration = Duration::from_millis(500);

/// Trains to the end, or until `options.control` or `stop_asked` say stop. `log` gets every event on the training thread
/// and must be quick; `stop_asked` is called on this thread every half second.
pub fn drive(
    plugin: &dyn Plugin,
    spec: &ExperimentSpec,
    options: &TrainOptions,
    mut log: impl FnMut(RunEvent) + Send,
    mut stop_asked: impl FnMut() -> bool,
) -> Result<Result<TrainOutcome, RunnerError>, Failure> {
    let mut progress = Progress::new(spec.data.batch_size);
    std::thread::scope(|scope| {
        let (sender, events) = mpsc::channel();
        let training = std::thread::Builder::new()
            .name("train".into())
            .spawn_scoped(scope, move || {
                train(plugin, spec, options, &mut |event| {
                    // The receiver is there until this thread ends.
                    let _ = sender.send(event.clone());
                    log(event);
                })
            })?;
        let mut polled = Instant::now();
        loop {
            match events.recv_timeout(TICK) {
                Ok(event) => progress.event(&event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            progress.tick(options.control.step());
            if polled.elapsed() >= POLL {
                polled = Instant::now();
                if stop_asked() {
                    options.control.request_stop();
                }
            }
        }
        training.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Failure::new(format!("the training thread panicked: {text}"))
        })
    })
}
