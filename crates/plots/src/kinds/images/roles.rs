//! What images show, and what belongs together.

use std::collections::BTreeSet;

use super::Shot;

/// Roles in the order of rows: what goes in, what comes out, what should. Of models that translate both ways one direction comes after
/// the other.
pub fn rank(role: &str) -> (u8, &str) {
    let place = match role {
        "input" | "real_A" => 0,
        "output" | "fake_B" => 1,
        "rec_A" => 2,
        "idt_A" => 3,
        "real_B" => 4,
        "fake_A" => 5,
        "rec_B" => 6,
        "idt_B" => 7,
        "target" => 9,
        _ => 8,
    };
    (place, role)
}

/// Models that translate both ways have their first translation stored as every model has: `input`, `output` and `target`. Beside the
/// way back these are called what they are.
const FIRST_WAY: [(&str, &str); 3] = [("input", "real_A"), ("output", "fake_B"), ("target", "real_B")];

/// The name of a role in runs that translate both ways.
pub fn both_ways(role: &str) -> Option<&'static str> {
    FIRST_WAY
        .iter()
        .find(|(stored, _)| *stored == role)
        .map(|(_, name)| *name)
}

/// Calls images what they are, where all runs translate both ways. Beside runs of other models the first translation keeps its common
/// name, so that it stands in one row with theirs.
pub fn name(shots: &mut [Shot]) {
    let all: BTreeSet<usize> = shots.iter().map(|s| s.run).collect();
    if two_ways(shots) == all {
        name_each(shots);
    }
}

/// Calls images what they are, whatever other runs there are.
pub fn name_each(shots: &mut [Shot]) {
    let runs = two_ways(shots);
    for shot in shots.iter_mut().filter(|s| runs.contains(&s.run)) {
        if let Some(name) = both_ways(&shot.role) {
            shot.role = name.to_owned();
        }
    }
}

/// The runs that translate both ways.
fn two_ways(shots: &[Shot]) -> BTreeSet<usize> {
    let back = |role: &str| matches!(role, "fake_A" | "rec_A" | "rec_B" | "idt_A" | "idt_B");
    shots.iter().filter(|s| back(&s.role)).map(|s| s.run).collect()
}

/// Whether an image is the same at every step.
pub fn is_fixed(role: &str) -> bool {
    matches!(role, "input" | "target" | "real_A" | "real_B")
}

/// The direction of translation that a role belongs to, where a model has two: each begins with a real image, which is translated, and
/// translated back. The identity of a direction is what its generator makes of an image that is of its target already.
pub fn direction(role: &str) -> Option<&'static str> {
    match role {
        "real_A" | "fake_B" | "rec_A" | "idt_A" => Some("A → B"),
        "real_B" | "fake_A" | "rec_B" | "idt_B" => Some("B → A"),
        _ => None,
    }
}

/// The real image that an image was made from.
pub fn source(role: &str) -> Option<&'static str> {
    match role {
        "output" => Some("input"),
        "fake_B" | "rec_A" | "idt_B" => Some("real_A"),
        "fake_A" | "rec_B" | "idt_A" => Some("real_B"),
        _ => None,
    }
}

/// The image that an image should be equal to; a translation without pairs has none.
pub fn wanted(role: &str) -> Option<&'static str> {
    match role {
        "output" => Some("target"),
        "rec_A" | "idt_B" => Some("real_A"),
        "rec_B" | "idt_A" => Some("real_B"),
        _ => None,
    }
}

/// Roles in groups of one direction, in the order of rows.
pub fn by_direction<'r>(roles: &[&'r str]) -> Vec<(Option<&'static str>, Vec<&'r str>)> {
    let mut sorted = roles.to_vec();
    sorted.sort_by_key(|r| rank(r));
    let mut out: Vec<(Option<&'static str>, Vec<&'r str>)> = Vec::new();
    for role in sorted {
        let of = direction(role);
        match out.iter_mut().find(|(d, _)| *d == of) {
            Some((_, those)) => those.push(role),
            None => out.push((of, vec![role])),
        }
    }
    out
}

/// A direction's roles in words: `real_A → fake_B → rec_A, idt_A`.
pub fn chain(roles: &[&str]) -> String {
    let (beside, way): (Vec<&str>, Vec<&str>) = roles.iter().partition(|r| r.starts_with("idt_"));
    let mut words = vec![way.join(" → ")];
    words.extend(beside.into_iter().map(str::to_owned));
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_way_of_two_is_called_what_it_is() {
        let shot = |run: usize, role: &str| Shot {
            run,
            step: 1,
            role: role.into(),
            probe: 0,
            caption: String::new(),
        };
        let mut shots: Vec<Shot> = ["input", "output", "target", "fake_A"].map(|r| shot(0, r)).into();
        let mut mixed = shots.clone();
        name(&mut shots);
        let names = |shots: &[Shot]| shots.iter().map(|s| s.role.clone()).collect::<Vec<_>>();
        assert_eq!(names(&shots), ["real_A", "fake_B", "real_B", "fake_A"]);
        // Beside a run of another model both have an input and an output.
        mixed.push(shot(1, "output"));
        name(&mut mixed);
        assert_eq!(names(&mixed), ["input", "output", "target", "fake_A", "output"]);
        name_each(&mut mixed);
        assert_eq!(names(&mixed), ["real_A", "fake_B", "real_B", "fake_A", "output"]);
    }

    #[test]
    fn each_direction_goes_from_real_to_fake_and_back() {
        let roles = ["idt_A", "rec_B", "fake_A", "real_B", "real_A", "fake_B", "rec_A"];
        assert_eq!(
            by_direction(&roles),
            [
                (Some("A → B"), vec!["real_A", "fake_B", "rec_A", "idt_A"]),
                (Some("B → A"), vec!["real_B", "fake_A", "rec_B"])
            ]
        );
        assert_eq!(
            by_direction(&["target", "output", "input"]),
            [(None, vec!["input", "output", "target"])]
        );
        assert_eq!(
            chain(&["real_A", "fake_B", "rec_A", "idt_A"]),
            "real_A → fake_B → rec_A, idt_A"
        );
        assert_eq!(
            (source("fake_A"), wanted("fake_A"), wanted("rec_A")),
            (Some("real_B"), None, Some("real_A"))
        );
    }
}
