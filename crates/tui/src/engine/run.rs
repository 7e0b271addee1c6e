//! The loop: every event through the update, every effect to the performer, one frame for all that has happened.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diptych_store::Home;
use ratatui_image::picker::Picker;
use ratatui_image::picker::cap_parser::QueryStdioOptions;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::perform::Performer;
use super::pictures::{Painter, Via};
use super::terminal::{self, Guard, Screen};
use super::times::Times;
use crate::effect::Effect;
use crate::event::Event;
use crate::host::Host;
use crate::keys::Keymap;
use crate::screen;
use crate::session::Session;
use crate::state::State;
use crate::theme::Theme;
use crate::update::{begin, update};

/// How often time passes.
const TICK: Duration = Duration::from_millis(250);
/// How long the terminal may take to say what it can show.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a terminal that is slower than that may take to say that it is there.
const SETTLES: Duration = Duration::from_millis(50);
/// Events that are taken in before the next frame.
const AT_ONCE: usize = 256;

/// What a dashboard is started with.
pub struct Options {
    /// The home.
    pub home: Home,
    /// The program around it.
    pub host: Arc<dyn Host>,
    /// What keys do.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// How images are drawn, where that is not left to the terminal.
    pub via: Option<Via>,
    /// A filter to begin with instead of the one of the last session.
    pub filter: Option<String>,
    /// A file for how long frames take.
    pub times: Option<PathBuf>,
}

/// Why a dashboard cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refused.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the dashboard until it is left.
///
/// # Errors
/// Where the terminal cannot be used.
pub async fn run(options: Options) -> Result<(), TuiError> {
    let mut times = Times::new(options.times);
    let (guard, mut terminal) = Guard::take()?;
    let size = terminal.size()?;
    let home = options.home.path().display().to_string();
    let mut state = State::new(home, options.keymap, options.theme, size, now());
    Session::load(options.home.path()).restore(&mut state);
    if let Some(via) = options.via {
        state.images.options.via = via;
    }
    if let Some(filter) = &options.filter {
        state.filter.set(filter);
    }
    let (sender, receiver) = unbounded_channel();
    let performer = Performer::new(options.home, options.host, sender.clone());
    // The store is read while the terminal is asked what it can show.
    let effects = begin(&mut state);
    do_all(effects, &mut terminal, &performer)?;
    terminal.draw(|frame| screen::draw(&state, frame))?;
    let painter = Painter::new(ask_terminal(options.via));
    (state.images.cell, state.images.auto) = (painter.cell(), painter.auto());
    performer.paint_with(painter);
    // Only now may somebody else read what the terminal says.
    listen(sender);
    let ended = turn(&mut state, &mut terminal, &performer, receiver, &mut times).await;
    drop(guard);
    times.write()?;
    // What is kept is written before the process may end.
    let _ = Session::of(&state).save(std::path::Path::new(&state.home));
    Ok(ended?)
}

async fn turn(
    state: &mut State,
    terminal: &mut Screen,
    performer: &Performer,
    mut events: UnboundedReceiver<Event>,
    times: &mut Times,
) -> io::Result<()> {
    while let Some(first) = events.recv().await {
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(event) = next {
            times.event(&event);
            let effects = update(state, event);
            if do_all(effects, terminal, performer)? {
                return Ok(());
            }
            taken += 1;
            next = (taken < AT_ONCE).then(|| events.try_recv().ok()).flatten();
        }
        if std::mem::take(&mut state.dirty) {
            let began = Instant::now();
            terminal.draw(|frame| screen::draw(state, frame))?;
            times.frame(state, began);
        }
    }
    Ok(())
}

/// Asks the terminal which protocols it knows and how large a cell is. Most answer at once; one that does not is not waited for long.
fn ask_terminal(via: Option<Via>) -> Picker {
    if via == Some(Via::Blocks) {
        return Picker::halfblocks();
    }
    let options = QueryStdioOptions {
        timeout: PATIENCE,
        // Bytes are dear over SSH, and processors wait anyway.
        kitty_compression: std::env::var_os("SSH_CONNECTION").is_some(),
        ..QueryStdioOptions::default()
    };
    let asked = Instant::now();
    let picker = Picker::from_query_stdio_with_options(options);
    if asked.elapsed() >= PATIENCE {
        // Whoever asked goes on reading until the terminal's status comes, and would take the first keys for it. Inside tmux the question
        // may have been lost on its way to the outer terminal; tmux itself answers this one.
        let _ = terminal::ask_status();
        std::thread::sleep(SETTLES);
    }
    picker.unwrap_or_else(|_| Picker::halfblocks())
}

/// Does what the terminal itself has to do, and starts the rest; says whether to leave.
fn do_all(effects: Vec<Effect>, terminal: &mut Screen, performer: &Performer) -> io::Result<bool> {
    for effect in effects {
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Redraw => terminal.clear()?,
            Effect::Copy(text) => terminal::copy(&text)?,
            effect => performer.start(effect),
        }
    }
    Ok(false)
}

/// Merges everything that happens into one stream.
fn listen(events: UnboundedSender<Event>) {
    let ticks = events.clone();
    tokio::spawn(async move {
        let mut timer = tokio::time::interval(TICK);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            if ticks.send(Event::Tick(now())).is_err() {
                break;
            }
        }
    });
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
        ] {
            let ends = events.clone();
            tokio::spawn(async move {
                // Where signals cannot be heard, keys still work.
                let Ok(mut signals) = signal(kind) else { return };
                while signals.recv().await.is_some() {
                    if ends.send(Event::Terminate).is_err() {
                        break;
                    }
                }
            });
        }
    }
    // Reading blocks; the thread ends with the process.
    std::thread::spawn(move || {
        while let Ok(event) = crossterm::event::read() {
            let Some(event) = translate(event) else { continue };
            if events.send(event).is_err() {
                break;
            }
        }
        let _ = events.send(Event::Terminate); // the terminal is gone
    });
}

fn translate(event: crossterm::event::Event) -> Option<Event> {
    use crossterm::event::{Event as From, KeyEventKind, MouseEventKind};
    Some(match event {
        From::Key(key) if key.kind != KeyEventKind::Release => Event::Key(key),
        // A mouse that only moves says nothing, and often.
        From::Mouse(mouse) if mouse.kind != MouseEventKind::Moved => Event::Mouse(mouse),
        From::Paste(text) => Event::Paste(text),
        From::Resize(width, height) => Event::Resize(width, height),
        _ => return None,
    })
}

/// Seconds since the Unix epoch.
fn now() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1e6
}
