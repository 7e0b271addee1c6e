//! How curves are drawn, and that the legend says so.

use crate::figure::{Axis, Entry, Ink, Key, Line, Panel, Shape};
use crate::series::Strand;
use crate::style::SLOTS;

/// Curves of fewer points have markers at them.
const FEW: usize = 25;

/// The look of the `i`-th curve: a colour of its own, or, where these are used up, grey.
pub fn ink(i: usize) -> Ink {
    if i < SLOTS { Ink::Slot(i) } else { Ink::Rest }
}

/// How a curve is drawn, by how many points it has and how far it travels up and down.
pub(super) fn line(ink: Ink, strands: &[Strand], x: &Axis, y: &Axis) -> Line {
    let inside = |p: &&[f64; 2]| (0.0..=1.0).contains(&x.scale.place(p[0]));
    let points = strands.iter().flatten().filter(inside).count();
    if ink == Ink::Rest {
        return Line::Main;
    }
    if points <= FEW {
        return Line::Marked;
    }
    let rise = |w: &[[f64; 2]]| (y.scale.place(w[1][1]) - y.scale.place(w[0][1])).abs().min(1.0);
    let travel: f64 = strands.iter().flat_map(|s| s.windows(2)).map(rise).sum();
    if travel > 5.0 { Line::Dense } else { Line::Main }
}

fn lines(panels: &[Panel], ink: Ink) -> impl Iterator<Item = Line> {
    let marks = panels.iter().flat_map(|p| &p.marks);
    marks.filter_map(move |m| match m.shape {
        Shape::Line { line, .. } if m.ink == ink => Some(line),
        _ => None,
    })
}

/// Lets curves look the same in all panels: where one is too full for dashes no curve has them, so that the legend can show all as
/// they are.
pub fn agree(panels: &mut [Panel]) {
    let dense = (0..SLOTS).any(|i| lines(panels, Ink::Slot(i)).any(|l| l == Line::Dense));
    for mark in panels.iter_mut().flat_map(|p| &mut p.marks) {
        if let (Shape::Line { line, .. }, true) = (&mut mark.shape, dense && mark.ink != Ink::Rest) {
            *line = match *line {
                Line::Main => Line::Dense,
                Line::Marked => Line::Plain,
                other => other,
            };
        }
    }
}

/// A legend of curves as they are drawn, those that have a look of their own; `what` are the others, such as "run".
pub fn legend(labels: &[String], panels: &[Panel], what: &str) -> Vec<Entry> {
    let key = |ink: Ink| {
        let looks = |wanted: Line| lines(panels, ink).any(|l| l == wanted);
        if looks(Line::Marked) {
            Some(Key::LineAndPoint)
        } else if looks(Line::Plain) {
            Some(Key::UnbrokenAndPoint)
        } else if looks(Line::Dense) {
            Some(Key::Unbroken)
        } else {
            // What has no curve needs no explanation.
            lines(panels, ink).next().map(|_| Key::Line)
        }
    };
    let mut legend: Vec<Entry> = labels
        .iter()
        .take(SLOTS)
        .enumerate()
        .filter_map(|(i, label)| {
            Some(Entry {
                label: label.clone(),
                ink: ink(i),
                key: key(ink(i))?,
            })
        })
        .collect();
    let rest = labels.len().saturating_sub(SLOTS);
    if rest > 0 {
        let s = if rest == 1 { "" } else { "s" };
        legend.push(Entry {
            label: format!("+{rest} {what}{s} in grey"),
            ink: Ink::Rest,
            key: Key::Thin,
        });
    }
    legend
}

/// What has to be said where looks are used up.
pub fn grey(count: usize, what: &str, hint: &str) -> Option<String> {
    (count > SLOTS)
        .then(|| format!("Of {count} {what}s the first {SLOTS} have colours, the others are grey: {hint}"))
}
