//! Which process trains a run, and whether it still lives.

use std::fs;

use serde::{Deserialize, Serialize};

/// After how long without a heartbeat a process on another machine (or in another container) counts as gone: seconds.
const STALE_ELSEWHERE: f64 = 120.0;
/// The same where this machine has been restarted since; short, since only a namesake could still be alive.
const STALE_REBOOTED: f64 = 30.0;

/// A process, told apart from any other before or after it, on this machine or another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The process number.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot; 0 where the system does not tell.
    pub started: u64,
    /// The kernel's id of this boot; empty where the system does not tell.
    pub boot: String,
    /// The machine's name.
    pub host: String,
    /// The process-number namespace: containers on one machine each have their own numbers.
    pub namespace: String,
}

impl ProcessIdentity {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        let line = |path: &str| {
            fs::read_to_string(path)
                .map(|s| s.trim().to_owned())
                .unwrap_or_default()
        };
        Self {
            pid,
            started: start_time(pid).unwrap_or(0),
            boot: line("/proc/sys/kernel/random/boot_id"),
            host: line("/proc/sys/kernel/hostname"),
            namespace: fs::read_link("/proc/self/ns/pid")
                .map(|p| p.to_string_lossy().into_owned())
                .unwrap_or_default(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and strings have a JSON form")
    }

    pub(crate) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether this process is gone, as seen by `here`. `silence` is the age of its last heartbeat in seconds.
    ///
    /// On the same boot of the same machine the process table knows. Elsewhere only silence tells.
    pub fn is_gone(&self, here: &Self, silence: f64) -> bool {
        self.is_gone_given(here, silence, start_time)
    }

    fn is_gone_given(&self, here: &Self, silence: f64, start_of: impl Fn(u32) -> Option<u64>) -> bool {
        if self.host != here.host || self.boot.is_empty() || here.boot.is_empty() {
            return silence > STALE_ELSEWHERE;
        }
        if self.boot != here.boot {
            return silence > STALE_REBOOTED;
        }
        if self.namespace != here.namespace {
            return silence > STALE_ELSEWHERE;
        }
        start_of(self.pid) != Some(self.started)
    }
}

/// When a living process started, in ticks since boot. Nothing for one that has ended, even if its parent has not
/// collected it yet.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> ProcessIdentity {
        ProcessIdentity {
            pid: 41,
            started: 900,
            boot: "b1".into(),
            host: "h1".into(),
            namespace: "n1".into(),
        }
    }

    #[test]
    fn on_one_boot_the_process_table_decides_however_long_the_silence() {
        let here = ProcessIdentity { pid: 7, ..somebody() };
        let gone = |start| somebody().is_gone_given(&here, 1e9, |_| start);
        assert!(!gone(Some(900)));
        assert!(gone(Some(901)), "another process with the same number");
        assert!(gone(None));
    }

    #[test]
    fn elsewhere_only_silence_decides() {
        let reboot = ProcessIdentity {
            boot: "b2".into(),
            ..somebody()
        };
        let host = ProcessIdentity {
            host: "h2".into(),
            ..somebody()
        };
        let container = ProcessIdentity {
            namespace: "n2".into(),
            ..somebody()
        };
        let unknown = ProcessIdentity {
            boot: String::new(),
            ..somebody()
        };
        let gone = |here: &ProcessIdentity, silence| somebody().is_gone_given(here, silence, |_| None);
        assert!(!gone(&reboot, 29.0) && gone(&reboot, 31.0));
        for here in [&host, &container, &unknown] {
            assert!(!gone(here, 119.0) && gone(here, 121.0));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_lives_and_an_uncollected_child_does_not() {
        let me = ProcessIdentity::current();
        assert!(me.started > 0 && !me.boot.is_empty());
        assert!(!me.is_gone(&me, 1e9));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let it = ProcessIdentity {
            pid: child.id(),
            started: start_time(child.id()).unwrap(),
            ..me.clone()
        };
        child.kill().unwrap();
        while start_time(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert!(
            it.is_gone(&me, 0.0),
            "killed, though its parent has not waited for it"
        );
        child.wait().unwrap();
    }
}
