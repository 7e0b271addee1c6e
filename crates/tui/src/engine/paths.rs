//! Paths as people type them.

use std::path::PathBuf;

/// More proposals are no help.
const MOST: usize = 100;

/// The path, with `~` as the home of whoever sits at the terminal.
pub fn expand(typed: &str) -> PathBuf {
    expand_with(typed, std::env::var_os("HOME").map(PathBuf::from))
}

fn expand_with(typed: &str, home: Option<PathBuf>) -> PathBuf {
    match (typed.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
        _ => PathBuf::from(typed),
    }
}

/// What a path may go on to: folders (with `/` at their end) and files, those of experiments alone where `experiments` says so.
pub fn proposals(typed: &str, experiments: bool) -> Vec<String> {
    let (folder, start) = typed.split_at(typed.rfind('/').map_or(0, |at| at + 1));
    let place = if folder.is_empty() {
        PathBuf::from(".")
    } else {
        expand(folder)
    };
    let mut found: Vec<String> = std::fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // What is hidden is proposed to those alone who ask for it.
            if !name.starts_with(start) || (name.starts_with('.') && !start.starts_with('.')) {
                return None;
            }
            if entry.path().is_dir() {
                return Some(format!("{folder}{name}/"));
            }
            (!experiments || name.ends_with(".toml")).then(|| format!("{folder}{name}"))
        })
        .collect();
    found.sort();
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tilde_is_the_home() {
        let at = |typed| expand_with(typed, Some("/home/ann".into()));
        assert_eq!(at("~/figures/a.svg"), PathBuf::from("/home/ann/figures/a.svg"));
        assert_eq!(at("~"), PathBuf::from("/home/ann"));
        assert_eq!(at("a~b"), PathBuf::from("a~b"));
        assert_eq!(expand_with("~/a", None), PathBuf::from("~/a"));
    }

    #[test]
    fn folders_and_experiments_are_proposed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("inner")).unwrap();
        for name in ["a.toml", "a.txt", ".a.toml"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let at = |rest: &str| format!("{}/{rest}", dir.path().display());
        assert_eq!(proposals(&at(""), true), [at("a.toml"), at("inner/")]);
        assert_eq!(proposals(&at("a"), false), [at("a.toml"), at("a.txt")]);
        assert_eq!(proposals(&at(".a"), true), [at(".a.toml")]);
        assert!(proposals(&at("none/"), true).is_empty());
    }
}
