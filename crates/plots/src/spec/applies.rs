//! Which keys are of which kinds.

use super::Kind;

/// The kinds that a key is for; nothing where it is for all.
pub fn kinds_of(key: &str) -> Option<&'static [Kind]> {
    use Kind::{Ablation, Correlation, Curves, Health, Histogram, Images, Parallel, Scatter};
    Some(match key {
        "metrics" => &[
            Curves,
            Ablation,
            Scatter,
            Parallel,
            Correlation,
            Histogram,
            Health,
        ],
        "by" => &[Curves, Ablation, Scatter, Histogram, Images],
        "against" => &[Ablation],
        "params" => &[Scatter, Parallel, Correlation],
        "x" | "smoothing" => &[Curves, Health],
        "log_x" => &[Curves, Scatter, Health],
        "log_y" => &[Curves, Ablation, Scatter, Parallel, Histogram, Health],
        "band" => &[Curves, Ablation, Correlation],
        "panels" => &[Curves],
        "bins" => &[Histogram],
        "x_min" | "x_max" => &[Curves, Scatter, Histogram, Health],
        "y_min" => &[Curves, Ablation, Scatter, Parallel, Health],
        "y_max" => &[Curves, Ablation, Scatter, Parallel, Histogram, Health],
        "roles" | "probes" | "steps" | "arrange" => &[Images],
        "limit" => &[Curves, Ablation, Parallel, Correlation, Images, Health],
        _ => return None,
    })
}

/// What to say where a key, or a flag, does not apply to a kind; nothing where it does.
pub fn misplaced(key: &str, kind: Kind) -> Option<String> {
    let kinds = kinds_of(key)?;
    if kinds.contains(&kind) {
        return None;
    }
    let words: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
    let all = match words.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => words.concat(),
    };
    Some(format!("this does not apply to {kind}, but to {all}"))
}
