//! The process that trains a cell.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use diptych_domain::RunId;

use super::memory::{self, Held};
use crate::compute::ComputeArgs;

/// What a child prints, beside `log.txt`, which has what its run has to tell.
const OUTPUT: &str = "output.txt";
/// Lines of it that say why a child did not even begin.
const LINES: usize = 5;

/// A `diptych resume` of this binary.
#[derive(Debug)]
pub struct Training {
    child: Child,
    /// Closing it stops the child.
    stdin: Option<ChildStdin>,
    output: PathBuf,
    /// Where this child's output begins.
    from: u64,
}

impl Training {
    /// Starts training `run`, whose folder is `dir`, in the home `home`.
    pub fn start(home: &Path, dir: &Path, run: &RunId, compute: &ComputeArgs) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let path = dir.join(OUTPUT);
        let output = File::options().create(true).append(true).open(&path)?;
        let from = output.metadata()?.len();
        let mut command = command()?;
        command
            .arg("--home")
            .arg(home)
            .args(["resume", run.as_str(), "--stop-with-stdin", "--device"])
            .arg(compute.device.to_string())
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        if let Some(threads) = compute.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        if compute.exact {
            command.arg("--exact");
        }
        if let Some(precision) = compute.precision {
            command.args(["--precision", &precision.to_string()]);
        }
        if compute.fast_math {
            command.arg("--fast-math");
        }
        // Ctrl-C reaches the sweep alone, which stops its children once; twice would end them without a checkpoint.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            output: path,
            from,
        })
    }

    /// Asks it to finish its step, write a checkpoint and end.
    pub fn stop(&mut self) {
        self.stdin = None;
    }

    /// What it holds of the memory.
    pub fn memory(&self) -> Option<Held> {
        memory::held(self.child.id())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// The last lines that it printed.
    pub fn last_words(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.output)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.from.max(length.saturating_sub(4096))))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|l| !l.is_empty())
            .collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// This binary, even where its file has been replaced since it was started.
pub fn command() -> io::Result<Command> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("/proc/self/exe");
        command.arg0("diptych");
        Ok(command)
    }
    #[cfg(not(target_os = "linux"))]
    Ok(Command::new(std::env::current_exe()?))
}
