//! Reading a whole data set and telling what is wrong with it.

mod inspect;
mod pairing;
mod report;

use std::collections::BTreeMap;
use std::path::Path;

use diptych_domain::spec::Layout;
use rayon::prelude::*;

pub use report::{CheckReport, Form, Problem, ProblemKind, SizeCount, SplitReport, ValueCount};

use crate::error::DataError;
use crate::listing::list_images;
use inspect::{Good, Seen, inspect};

/// Images with a side under this many pixels are reported as tiny.
const TINY: usize = 8;

/// Decodes every image under `root` and reports what would hurt training: files that cannot be read, sizes, channel counts
/// and depths that differ, images without partners, duplicates, and duplicates between the splits.
///
/// `layout` says how the set is meant to be read. Without it the names decide: folders A and B with a name in common are
/// taken for pairs.
///
/// # Errors
/// A root that is missing or holds no images, and folders that cannot be listed. Everything about single files is in the
/// report.
pub fn check(root: &Path, layout: Option<Layout>) -> Result<CheckReport, DataError> {
    if !root.is_dir() {
        return Err(DataError::MissingRoot {
            path: root.to_owned(),
        });
    }
    let paths = list_images(root)?;
    if paths.is_empty() {
        return Err(DataError::Empty {
            path: root.to_owned(),
        });
    }
    let mut seen: Vec<Seen> = paths.par_iter().map(|path| inspect(path, root)).collect();
    if layout == Some(Layout::Single) {
        // Folders inside a set of single images are no splits.
        let loose = |s: &&mut Seen| !["train", "val", "test"].contains(&s.split.as_str());
        seen.iter_mut()
            .filter(loose)
            .for_each(|s| s.split = ".".to_owned());
    }
    let mut splits: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    for one in &seen {
        splits.entry(&one.split).or_default().push(one);
    }
    let mut problems = broken(&seen);
    let mut reports = Vec::new();
    for (name, files) in &splits {
        let form = pairing::form(files, layout);
        problems.extend(pairing::problems(form, files));
        if form == Form::SideBySide {
            problems.extend(odd_widths(files));
        }
        problems.extend(mixtures(name, form, files));
        reports.push(split_report(name, form, files));
    }
    problems.extend(tiny(&seen));
    problems.extend(duplicates(&seen));
    problems.sort_by(|a, b| (a.kind, &a.paths).cmp(&(b.kind, &b.paths)));
    Ok(CheckReport {
        root: root.display().to_string(),
        images: seen.len(),
        bytes: seen.iter().map(|s| s.bytes).sum(),
        splits: reports,
        problems,
    })
}

fn good<'a>(files: &'a [&'a Seen]) -> impl Iterator<Item = (&'a Seen, &'a Good)> {
    files
        .iter()
        .filter_map(|s| s.outcome.as_ref().ok().map(|g| (*s, g)))
}

fn broken(seen: &[Seen]) -> Vec<Problem> {
    let failures = seen
        .iter()
        .filter_map(|s| s.outcome.as_ref().err().map(|e| (s, e)));
    failures
        .map(|(s, (kind, detail))| Problem::new(*kind, [&s.name], detail.clone()))
        .collect()
}

fn odd_widths(files: &[&Seen]) -> Vec<Problem> {
    let odd = good(files).filter(|(_, g)| g.width % 2 == 1 || g.width < 2);
    odd.map(|(s, g)| {
        Problem::new(
            ProblemKind::OddWidth,
            [&s.name],
            format!("{} x {}: no middle to split at", g.width, g.height),
        )
    })
    .collect()
}

fn tiny(seen: &[Seen]) -> Vec<Problem> {
    let small = seen
        .iter()
        .filter_map(|s| s.outcome.as_ref().ok().map(|g| (s, g)));
    small
        .filter(|(_, g)| g.width.min(g.height) < TINY)
        .map(|(s, g)| {
            Problem::new(
                ProblemKind::Tiny,
                [&s.name],
                format!("{} x {}", g.width, g.height),
            )
        })
        .collect()
}

/// One problem for each property that is not the same in all files of a split; its paths are those that differ from the
/// commonest value. Parallel folders may differ from each other, so each side is looked at alone.
fn mixtures(split: &str, form: Form, files: &[&Seen]) -> Vec<Problem> {
    let sides: Vec<Option<char>> = if form == Form::Parallel || form == Form::Unaligned {
        vec![Some('A'), Some('B')]
    } else {
        vec![None]
    };
    let mut problems = Vec::new();
    for side in sides {
        let of_side: Vec<&Seen> = files
            .iter()
            .copied()
            .filter(|s| side.is_none() || s.side == side)
            .collect();
        let label = format!("{split}{}", side.map_or_else(String::new, |c| format!(" {c}")));
        let size = |g: &Good| format!("{} x {}", g.width, g.height);
        let channels = |g: &Good| format!("{} channels", g.channels);
        let depth = |g: &Good| format!("{} bits", g.depth.bits());
        problems.extend(mixture(ProblemKind::MixedSizes, &label, &of_side, size));
        problems.extend(mixture(ProblemKind::MixedChannels, &label, &of_side, channels));
        problems.extend(mixture(ProblemKind::MixedDepths, &label, &of_side, depth));
    }
    problems
}

fn mixture(
    kind: ProblemKind,
    label: &str,
    files: &[&Seen],
    value: impl Fn(&Good) -> String,
) -> Option<Problem> {
    let mut by_value: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (seen, image) in good(files) {
        by_value.entry(value(image)).or_default().push(&seen.name);
    }
    let mut groups: Vec<(String, Vec<&String>)> = by_value.into_iter().collect();
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    if groups.len() < 2 {
        return None;
    }
    let shown: Vec<String> = groups
        .iter()
        .take(4)
        .map(|(v, names)| format!("{v} ({})", names.len()))
        .collect();
    let more = if groups.len() > 4 {
        format!(" and {} others", groups.len() - 4)
    } else {
        String::new()
    };
    let detail = format!("{label}: {}{more}", shown.join(", "));
    Some(Problem::new(
        kind,
        groups[1..].iter().flat_map(|(_, names)| names.iter().copied()),
        detail,
    ))
}

fn duplicates(seen: &[Seen]) -> Vec<Problem> {
    let mut by_hash: BTreeMap<[u8; 32], Vec<&Seen>> = BTreeMap::new();
    for (one, hash) in seen.iter().filter_map(|s| s.hash.map(|h| (s, h))) {
        by_hash.entry(hash).or_default().push(one);
    }
    let groups = by_hash.into_values().filter(|g| g.len() > 1);
    groups
        .map(|group| {
            let across = group.iter().any(|s| s.split != group[0].split);
            let (kind, detail) = if across {
                (ProblemKind::Leakage, "the same contents in several splits")
            } else {
                (ProblemKind::Duplicate, "the same contents")
            };
            Problem::new(kind, group.iter().map(|s| &s.name), detail.to_owned())
        })
        .collect()
}

fn split_report(name: &str, form: Form, files: &[&Seen]) -> SplitReport {
    let mut sizes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let (mut channels, mut depths) = (BTreeMap::new(), BTreeMap::new());
    for (_, g) in good(files) {
        *sizes.entry((g.width, g.height)).or_default() += 1;
        *channels.entry(g.channels as u32).or_default() += 1;
        *depths.entry(g.depth.bits()).or_default() += 1;
    }
    let mut sizes: Vec<SizeCount> = sizes
        .into_iter()
        .map(|((width, height), count)| SizeCount { width, height, count })
        .collect();
    sizes.sort_by_key(|s| std::cmp::Reverse(s.count));
    let counted = |map: BTreeMap<u32, usize>| {
        map.into_iter()
            .map(|(value, count)| ValueCount { value, count })
            .collect()
    };
    SplitReport {
        name: name.to_owned(),
        form,
        images: files.len(),
        examples: pairing::examples(form, files),
        readable: good(files).count(),
        bytes: files.iter().map(|s| s.bytes).sum(),
        sizes,
        channels: counted(channels),
        depths: counted(depths),
    }
}

#[cfg(test)]
mod tests;
