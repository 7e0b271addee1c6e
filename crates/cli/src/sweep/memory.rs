//! Whether as many trainings at once as are asked for fit in memory.

use std::fs;

use crate::render::human;

/// What a process holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// At the moment.
    pub now: u64,
    /// At the most so far.
    pub peak: u64,
}

/// What process `pid` holds; nothing where the system does not tell.
pub fn held(pid: u32) -> Option<Held> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Held {
        now: kibibytes(&status, "VmRSS:")?,
        peak: kibibytes(&status, "VmHWM:")?,
    })
}

/// Bytes that processes may still take: what is free or can be freed, or what is left of this container's share; nothing where the
/// system does not tell.
pub fn available() -> Option<u64> {
    let machine = kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:");
    let number = |file: &str| {
        fs::read_to_string(format!("/sys/fs/cgroup/memory.{file}"))
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let share = number("max").zip(number("current"));
    let share = share.map(|(most, current)| most.saturating_sub(current));
    machine.into_iter().chain(share).min()
}

/// A warning where `jobs` trainings that each take `peak` bytes are more than `have` bytes hold.
pub fn warning(jobs: usize, peak: u64, have: u64) -> Option<String> {
    let need = peak.saturating_mul(jobs as u64);
    (need > have).then(|| {
        format!(
            "warning: a training takes up to {}, {jobs} at once {}, and there are {}: use --jobs {}, or the system may end them",
            human::bytes(peak),
            human::bytes(need),
            human::bytes(have),
            (have / peak.max(1)).max(1),
        )
    })
}

/// The value of one line of the tables that the system gives, in bytes.
fn kibibytes(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn more_than_there_is_is_warned_of_with_numbers() {
        assert_eq!(warning(3, GIB, 3 * GIB), None);
        let text = warning(4, GIB, 3 * GIB).unwrap();
        assert!(
            text.contains("4 at once") && text.ends_with("use --jobs 3, or the system may end them"),
            "{text}"
        );
        assert!(warning(2, 3 * GIB, GIB).unwrap().contains("--jobs 1"));
        assert_eq!(warning(9, 0, 0), None);
    }

    #[test]
    fn tables_are_read_in_kibibytes() {
        let table = "MemTotal:       16309140 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(kibibytes(table, "MemAvailable:"), Some(1 << 20));
        assert_eq!(kibibytes(table, "MemFree:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_holds_something_and_something_is_left() {
        let held = held(std::process::id()).unwrap();
        assert!(held.now > 0 && held.peak >= held.now);
        assert!(available().unwrap() > 0);
    }
}
