//! How the files of a split belong together.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::inspect::Seen;
use super::report::{Form, Problem, ProblemKind};

/// The form of a split: folders A and B with no name in common are taken for unaligned, and files outside of such folders
/// for side-by-side pairs where the split is one that training reads.
pub(super) fn form(files: &[&Seen]) -> Form {
    let (a, b) = (stems(files, 'A'), stems(files, 'B'));
    let loose = files.iter().any(|s| s.side.is_none());
    let split = files.first().map_or("", |s| s.split.as_str());
    match (a.is_empty() && b.is_empty(), loose) {
        (true, _) if ["train", "val", "test"].contains(&split) => Form::SideBySide,
        (true, _) => Form::Loose,
        (false, true) => Form::TwoForms,
        (false, false) if a.is_disjoint(&b) && !a.is_empty() && !b.is_empty() => Form::Unaligned,
        (false, false) => Form::Parallel,
    }
}

fn stems<'a>(files: &[&'a Seen], side: char) -> BTreeSet<&'a PathBuf> {
    files
        .iter()
        .filter(|s| s.side == Some(side))
        .map(|s| &s.stem)
        .collect()
}

/// Pairs, or images of the larger side where nothing is paired.
pub(super) fn examples(form: Form, files: &[&Seen]) -> usize {
    let (a, b) = (stems(files, 'A'), stems(files, 'B'));
    match form {
        Form::SideBySide | Form::Loose => files.len(),
        Form::Parallel => a.intersection(&b).count(),
        Form::Unaligned => a.len().max(b.len()),
        Form::TwoForms => 0,
    }
}

pub(super) fn problems(form: Form, files: &[&Seen]) -> Vec<Problem> {
    match form {
        Form::Parallel => {
            let sides = [('A', stems(files, 'B'), 'B'), ('B', stems(files, 'A'), 'A')];
            let alone = |(side, partners, other): &(char, BTreeSet<&PathBuf>, char)| -> Vec<Problem> {
                let of_side = files
                    .iter()
                    .filter(|s| s.side == Some(*side) && !partners.contains(&s.stem));
                of_side
                    .map(|s| {
                        Problem::new(
                            ProblemKind::Unpaired,
                            [&s.name],
                            format!("no file of this name in {other}"),
                        )
                    })
                    .collect()
            };
            sides.iter().flat_map(alone).collect()
        }
        Form::TwoForms => {
            let loose = files.iter().filter(|s| s.side.is_none()).map(|s| &s.name);
            let detail = "images beside the folders A and B: keep pairs in one form";
            vec![Problem::new(ProblemKind::TwoForms, loose, detail.to_owned())]
        }
        Form::SideBySide | Form::Unaligned | Form::Loose => Vec::new(),
    }
}
