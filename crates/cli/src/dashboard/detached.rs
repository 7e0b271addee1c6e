//! Processes of this binary that outlive the one that starts them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::failure::Failure;
use crate::sweep::child::command;

/// The folder of what they print, in the home.
const FOLDER: &str = "launched";
/// How long it takes to tell whether one has begun.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Lines that say why one did not.
const LINES: usize = 4;

/// Starts `diptych --home HOME ARGS` in a process group of its own, and waits until it is clear that it has begun. Gives the file
/// that has what it prints.
pub fn start(home: &Path, args: &[String]) -> Result<PathBuf, Failure> {
    let folder = home.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let verb = args.first().map_or("diptych", String::as_str);
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let (path, output) = fresh(&folder, &format!("{stamp}-{verb}"))?;
    let mut command = command()?;
    command
        .arg("--home")
        .arg(home)
        .args(args)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    // What happens to the terminal is no business of it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(path);
            }
            return Err(Failure::new(last_words(&path)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Collected when it ends, so that it does not stay among the processes.
    std::thread::spawn(move || child.wait());
    Ok(path)
}

/// A file that nobody else has.
fn fresh(folder: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    for n in 1_u32.. {
        let path = folder.join(if n == 1 {
            format!("{name}.txt")
        } else {
            format!("{name}-{n}.txt")
        });
        match File::options().create_new(true).append(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((path, opened?)),
        }
    }
    Err(io::Error::other("every name is taken"))
}

fn last_words(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let words = lines[lines.len().saturating_sub(LINES)..].join(" ");
    match words.strip_prefix("error: ") {
        Some(words) => words.to_owned(),
        None if words.is_empty() => "it ended without a word".into(),
        None => words,
    }
}
