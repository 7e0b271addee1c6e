//! The dashboard in a real terminal.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;

use crate::support::{World, finish};

/// `diptych tui` in a terminal of 80 columns and 24 rows.
struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    /// Everything that was written to it.
    raw: Arc<Mutex<Vec<u8>>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn open(world: &World, args: &[&str]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_diptych"));
        command.args(["tui", "--images", "blocks"]);
        command.args(args);
        command.cwd(world.path(""));
        command.env("DIPTYCH_HOME", world.path("home"));
        command.env("TERM", "xterm-256color");
        command.env("XDG_CONFIG_HOME", world.path("config"));
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let [rows, columns] = [24, 80].map(|n| std::num::NonZero::new(n).unwrap());
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (seen, kept) = (screen.clone(), raw.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                seen.lock().unwrap().process(&buffer[..n]);
                kept.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        Self {
            screen,
            raw,
            keyboard: pair.master.take_writer().unwrap(),
            child,
            _master: pair.master,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen has these words.
    fn shows(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.text().contains(words) {
            assert!(
                Instant::now() < deadline,
                "`{words}` does not appear:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ends(&mut self) -> u32 {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The terminal is as it was: no alternate screen, no mouse, a cursor.
    fn is_restored(&self) {
        // What was written last may still have to be read.
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.screen.lock().unwrap().screen().alternate_screen() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen());
        assert!(!screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_session_goes_through_all_views_on_runs_that_are_being_trained() {
    let world = World::new();
    world.ok("train tiny.toml --name first --threads 1");
    world.ok("train tiny.toml --name second --threads 1 --set params.ngf=5");
    let live = world.spawn("train tiny.toml --name live --threads 1 --set optim.epochs=4000");
    world.wait_for("live", |r| r["step"].as_u64() > Some(4));

    let mut tui = Terminal::open(&world, &[]);
    tui.shows("3 of 3 runs");
    tui.shows("▶ running");
    tui.shows("1 live");

    // Marks, details, the filter with a mistake and without.
    tui.press("jjj \x1b");
    tui.shows("1 marked");
    tui.press("kk j\r");
    tui.shows("overview");
    tui.press("l");
    tui.shows("differs from 1 other marked");
    tui.press("]]]]]]]]");
    tui.shows("* params.ngf");
    tui.press("\x1b");
    tui.shows("3 of 3 runs");
    tui.press("/statis:x");
    tui.shows("did you mean `status`?");
    tui.shows("3 of 3 runs");
    // Escape and a letter at once would be that letter with alt.
    tui.press("\x1b");
    tui.shows(": palette");

    tui.press("u");
    tui.press("j k"); // the newest but one
    tui.press("2");
    tui.shows("loss/G_L1");
    tui.shows("⠁"); // some dots: the empty plot has none
    tui.press("L+");
    tui.shows("smoothed 0.5 · log y");
    tui.press("3");
    tui.shows("output");
    tui.shows("▀");
    tui.press("4");
    tui.shows("params.ngf");
    tui.press("5");
    tui.shows("Live: 1");
    tui.shows("live");

    // Stopped from here, with a question first.
    tui.press("t");
    tui.shows("Stop live?");
    tui.press("y");
    tui.shows("Live: 0");
    let stopped = world.wait_for("live", |r| r["status"] == "stopped");
    assert!(stopped["step"].as_u64() > Some(4), "{stopped}");
    assert_eq!(finish(live).code, 0);

    // The command that makes a run again goes to the terminal's clipboard.
    tui.press("1gy");
    tui.shows("copied: diptych train");
    assert!(String::from_utf8_lossy(&tui.raw.lock().unwrap()).contains("\x1b]52;c;ZGlwdHljaCB0cmFpbi"));

    tui.press("2q");
    assert_eq!(tui.ends(), 0);
    tui.is_restored();

    // The next session begins where this one ended.
    let mut again = Terminal::open(&world, &[]);
    again.shows("smoothed 0.5 · log y");
    again.press("q");
    assert_eq!(again.ends(), 0);
}

#[test]
fn a_killed_dashboard_leaves_the_terminal_usable() {
    let world = World::new();
    let mut tui = Terminal::open(&world, &[]);
    tui.shows("has no runs yet.");
    let pid = tui.child.process_id().unwrap().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(tui.ends(), 0);
    tui.is_restored();
}

#[test]
fn a_missing_cell_is_queued_and_trained_without_the_dashboard() {
    let world = World::new();
    let train = |ngf: u32, seed: u32| {
        world.ok(&format!(
            "train tiny.toml --name n{ngf}s{seed} --threads 1 --set params.ngf={ngf} --set seed={seed}"
        ));
    };
    train(4, 1);
    train(4, 2);
    train(5, 1);
    let mut tui = Terminal::open(&world, &[]);
    tui.shows("3 of 3 runs");
    tui.press("4");
    tui.shows("params.ngf");
    tui.press("jn");
    tui.shows("Queue 1 run (params.ngf=5 seed=2)?");
    tui.press("y");
    tui.shows("1 queued");
    tui.press("q");
    assert_eq!(tui.ends(), 0);
    let all = |run: &Value| run["params"]["ngf"] == 5 && run["seed"] == 2 && run["status"] == "finished";
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let runs = world.json("runs --json");
        if runs.as_array().unwrap().iter().any(all) {
            break;
        }
        assert!(Instant::now() < deadline, "it is not trained: {runs}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(world.json("queue --list --json"), serde_json::json!([]));
}

#[test]
fn wrong_keys_and_no_terminal_are_refused() {
    let world = World::new();
    let error = world.refused("tui");
    assert!(error.contains("needs a terminal"), "{error}");
    let file = world.write("keys.toml", "[chart]\nlog-y = \"Y\"\n");
    let mut tui = Terminal::open(&world, &["--keys", file.to_str().unwrap()]);
    assert_eq!(tui.ends(), 2);
    tui.shows("did you mean `charts`?");
}
