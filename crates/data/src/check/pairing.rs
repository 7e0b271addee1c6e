//! How the files of a split belong together.

use std::collections::BTreeSet;
use std::path::PathBuf;

use diptych_domain::spec::Layout;

use super::inspect::Seen;
use super::report::{Form, Problem, ProblemKind};

/// The form of a split: folders A and B are unaligned where the layout says so or, without a layout, where no name is in
/// common; files outside of such folders are side-by-side pairs where the split is one that training reads, unless the layout is
/// single: then every image stands by itself.
pub(super) fn form(files: &[&Seen], layout: Option<Layout>) -> Form {
    if layout == Some(Layout::Single) {
        return Form::Loose;
    }
    let (a, b) = (stems(files, 'A'), stems(files, 'B'));
    let apart = match layout {
        None => a.is_disjoint(&b),
        Some(layout) => layout == Layout::Unaligned,
    };
    let loose = files.iter().any(|s| s.side.is_none());
    let split = files.first().map_or("", |s| s.split.as_str());
    match (a.is_empty() && b.is_empty(), loose) {
        (true, _) if ["train", "val", "test"].contains(&split) => Form::SideBySide,
        (true, _) => Form::Loose,
        (false, true) => Form::TwoForms,
        (false, false) if apart && !a.is_empty() && !b.is_empty() => Form::Unaligned,
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
