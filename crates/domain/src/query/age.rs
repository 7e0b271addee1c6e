//! Ages such as `2d` and `90m`.

const UNITS: [(&str, f64); 5] = [
    ("w", 604_800.0),
    ("d", 86_400.0),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
];

/// Seconds of `2d`, `1.5h`, `90m`, `30s`, `1w`; nothing for anything else.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (_, unit) = UNITS.iter().find(|(name, _)| text.ends_with(name))?;
    let number = super::lexer::number(&text[..text.len() - 1])?;
    let seconds = number * unit;
    (seconds.is_finite() && seconds >= 0.0 && !seconds.is_sign_negative()).then_some(seconds)
}

/// The text of an age in the largest unit that gives a whole number, so that [`parse`] returns the same seconds.
pub(super) fn print(seconds: f64) -> String {
    for (name, unit) in UNITS {
        let number = seconds / unit;
        if number.fract() == 0.0 && number < 1e9 && number > 0.0 && number * unit == seconds {
            return format!("{number}{name}");
        }
    }
    format!("{seconds:?}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units_and_print_in_the_largest_that_fits() {
        assert_eq!(parse("2d"), Some(172_800.0));
        assert_eq!(parse("1.5h"), Some(5400.0));
        for bad in ["2", "d", "-2d", "2 d", "infs", "2y", ""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        for (seconds, text) in [(172_800.0, "2d"), (5400.0, "90m"), (0.25, "0.25s"), (0.0, "0.0s")] {
            assert_eq!(print(seconds), text);
            assert_eq!(parse(text), Some(seconds));
        }
    }
}
