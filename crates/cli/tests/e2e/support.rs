//! A home, a small data set and an experiment in a temporary folder.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A temporary folder with `home/` and `tiny.toml`.
pub struct World {
    dir: tempfile::TempDir,
}

/// What a finished command left behind.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let experiment = format!(
            "model = \"pix2pix\"\n\
             [data]\nroot = {:?}\nload_size = 36\ncrop_size = 32\n\
             [params]\ngenerator = \"unet_32\"\nn_layers = 1\nngf = 4\nndf = 4\n\
             [optim]\nepochs = 2\ndecay_epochs = 1\n\
             [log]\nevery = 1\nimages_every = 8\nprobes = 2\ncheckpoint_every = 1\n",
            data()
        );
        std::fs::write(dir.path().join("tiny.toml"), experiment).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `diptych ARGS...` in this world's folder; arguments are split at spaces.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diptych"));
        command
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .env("DIPTYCH_HOME", self.path("home"))
            .env("COLUMNS", "80")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &str) -> Done {
        Done::from(self.command(args).output().unwrap())
    }

    /// Runs a command that must succeed; its standard output.
    pub fn ok(&self, args: &str) -> String {
        let done = self.run(args);
        assert_eq!(done.code, 0, "diptych {args}\n{}{}", done.stdout, done.stderr);
        done.stdout
    }

    /// Runs a command that must succeed and print one JSON document.
    pub fn json(&self, args: &str) -> Value {
        let text = self.ok(args);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("diptych {args}: {e}\n{text}"))
    }

    /// Runs a command that must be refused as the user's mistake; its standard error.
    pub fn refused(&self, args: &str) -> String {
        let done = self.run(args);
        assert_eq!(done.code, 2, "diptych {args}\n{}{}", done.stdout, done.stderr);
        assert_eq!(done.stdout, "", "diptych {args}");
        for noise in ["panicked", "RUST_BACKTRACE", "Error {", "Os {"] {
            assert!(!done.stderr.contains(noise), "diptych {args}\n{}", done.stderr);
        }
        done.stderr
    }

    pub fn spawn(&self, args: &str) -> Running {
        let mut command = self.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running(Some(child.unwrap()))
    }

    /// The run of that name as `runs --json` lists it, once `ready` says so.
    pub fn wait_for(&self, name: &str, ready: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let runs = self.json("runs --json");
            let found = runs.as_array().unwrap().iter().find(|r| r["name"] == name);
            if let Some(run) = found.filter(|r| ready(r)) {
                return run.clone();
            }
            assert!(Instant::now() < deadline, "{name} is not ready: {runs}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A command that is running. A test that fails meanwhile does not leave it behind.
pub struct Running(Option<Child>);

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().unwrap()
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn finish(mut child: Running) -> Done {
    let child = child.0.take().unwrap();
    Done::from(child.wait_with_output().unwrap())
}

pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// A small data set, made once and only read.
pub fn data() -> &'static Path {
    static DATA: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DATA.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_diptych"))
            .args([
                "data", "synth", "facades", "--train", "8", "--val", "2", "--size", "40", "-o",
            ])
            .arg(dir.path().join("set"))
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        dir
    });
    // The folder outlives every test; the system clears its temporary folder.
    Box::leak(dir.path().join("set").into_boxed_path())
}
