//! Numbers, sizes and times as people read them.

/// `950 B`, `12.3 MB`, `1.20 GB`: three figures, powers of ten.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ if value < 9.995 => format!("{value:.2} {}", UNITS[unit]),
        _ if value < 99.95 => format!("{value:.1} {}", UNITS[unit]),
        _ => format!("{value:.0} {}", UNITS[unit]),
    }
}

/// A metric in at most eight characters or so: four figures, or scientific where that is shorter.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !value.is_finite() {
        value.to_string()
    } else if !(1e-3..1e6).contains(&size) {
        format!("{value:.2e}")
    } else if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else if size >= 1.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.4}")
    }
}

/// A speed in two or three figures.
pub fn rate(value: f64) -> String {
    match value {
        v if v >= 99.5 => format!("{v:.0}"),
        v if v >= 9.95 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// `45s`, `12m`, `3h 20m`, `5d 2h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".into();
    }
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s}s"),
        60..600 => format!("{}m {:02}s", s / 60, s % 60),
        600..3600 => format!("{}m", s / 60),
        3600..86_400 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// `3h ago`, or `now`.
pub fn ago(then: f64, now: f64) -> String {
    let s = (now - then).max(0.0);
    match s {
        s if s < 2.0 => "now".into(),
        s if s < 60.0 => format!("{s:.0}s ago"),
        s if s < 3600.0 => format!("{:.0}m ago", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0}h ago", (s / 3600.0).floor()),
        s => format!("{:.0}d ago", (s / 86_400.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_figures() {
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (999_499, "999 kB"),
            (999_999, "1.00 MB"),
            (217_000_000, "217 MB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn numbers_have_four_figures() {
        for (value, text) in [
            (0.0, "0"),
            (23.456_78, "23.46"),
            (0.123_456, "0.1235"),
            (2e-4, "2.00e-4"),
            (-1234.5, "-1234"),
            (1.5e7, "1.50e7"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn times_are_short() {
        for (seconds, text) in [
            (45.2, "45s"),
            (125.0, "2m 05s"),
            (4000.0, "1h 06m"),
            (200_000.0, "2d 7h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!([0.5, 12.34, 250.6].map(rate), ["0.50", "12.3", "251"]);
        assert_eq!(ago(0.0, 1.0), "now");
        assert_eq!(ago(0.0, 7199.0), "1h ago");
        assert_eq!(ago(5.0, 0.0), "now");
    }
}
