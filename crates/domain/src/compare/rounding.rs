//! As many digits as a spread allows.

/// Digits that a number without a known spread is shown with.
const FIGURES: i32 = 4;
/// No number is shown with more decimals.
const MOST: i32 = 15;

/// Decimals at which `spread` has two significant digits: 3 for 0.012, 0 for 12, -2 for 1200. None where it is zero or not
/// finite.
pub fn decimals(spread: f64) -> Option<i32> {
    places(spread, 2)
}

/// Decimals at which `value` has four significant digits.
pub fn plain_decimals(value: f64) -> i32 {
    places(value, FIGURES).unwrap_or(0).max(0)
}

fn places(value: f64, figures: i32) -> Option<i32> {
    if value == 0.0 || !value.is_finite() {
        return None;
    }
    // Printing rounds first, so that 0.0996 counts as 0.10.
    let printed = format!("{value:.*e}", (figures - 1) as usize);
    let exponent: i32 = printed.rsplit('e').next()?.parse().ok()?;
    Some((figures - 1 - exponent).min(MOST))
}

/// `value` with so many decimals; negative ones round to tens, hundreds, ...
pub fn fixed(value: f64, decimals: i32) -> String {
    let (value, decimals) = if decimals < 0 {
        let unit = 10_f64.powi(-decimals);
        ((value / unit).round() * unit, 0)
    } else {
        (value, decimals)
    };
    let text = format!("{value:.*}", decimals as usize);
    // A rounded -0.0001 is no negative number.
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_gets_two_digits_and_decides_for_the_mean() {
        for (mean, spread, texts) in [
            (21.507_5, 0.508_7, ("21.51", "0.51")),
            (0.123_456, 0.001_23, ("0.1235", "0.0012")),
            (7.0, 0.099_6, ("7.00", "0.10")),
            (123.4, 12.3, ("123", "12")),
            (12_345.0, 1234.0, ("12300", "1200")),
            (-0.000_1, 0.05, ("0.000", "0.050")),
        ] {
            let d = decimals(spread).unwrap();
            assert_eq!((fixed(mean, d).as_str(), fixed(spread, d).as_str()), texts);
        }
        assert_eq!((decimals(0.0), decimals(f64::NAN)), (None, None));
    }

    #[test]
    fn without_a_spread_there_are_four_digits() {
        for (value, text) in [
            (21.507_5, "21.51"),
            (0.031_416, "0.03142"),
            (123_456.0, "123456"),
            (0.0, "0"),
        ] {
            assert_eq!(fixed(value, plain_decimals(value)), text);
        }
    }
}
