//! Axes: scales, and where their ticks lie.

/// From values to places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The value at its beginning.
    pub low: f64,
    /// The value at its end.
    pub high: f64,
    /// Whether it is logarithmic; both ends are above 0 then.
    pub log: bool,
}

impl Scale {
    /// A scale over the values between `low` and `high`, with room on both sides; a fixed end stays where it is.
    pub fn around(low: f64, high: f64, log: bool, fixed: (Option<f64>, Option<f64>)) -> Self {
        const ROOM: f64 = 0.04;
        let (low, high) = if low <= high {
            (low, high)
        } else {
            (if log { 0.1 } else { 0.0 }, 1.0)
        };
        let forth = |v: f64| if log { v.max(f64::MIN_POSITIVE).log10() } else { v };
        let back = |v: f64| if log { 10_f64.powf(v) } else { v };
        let (mut a, mut b) = (forth(low), forth(high));
        let span = b - a;
        // A single value gets an axis around it.
        let room = match (span > 0.0, log) {
            (true, _) => span * ROOM,
            (false, true) => 0.5,
            (false, false) if a == 0.0 => 1.0,
            (false, false) => a.abs() * 0.1,
        };
        (a, b) = (a - room, b + room);
        let (mut low, mut high) = (
            fixed.0.unwrap_or_else(|| back(a)),
            fixed.1.unwrap_or_else(|| back(b)),
        );
        if low >= high {
            // A fixed end beyond all values.
            match fixed {
                (Some(_), None) => high = if log { low * 10.0 } else { low + 1.0 },
                _ => low = if log { high / 10.0 } else { high - 1.0 },
            }
        }
        Self { low, high, log }
    }

    /// Exactly from `low` to `high`.
    pub fn exact(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            log: false,
        }
    }

    /// 0 at the beginning, 1 at the end. Values that a logarithmic scale does not have are far below.
    pub fn place(&self, value: f64) -> f64 {
        if self.log {
            if value <= 0.0 {
                return -10.0;
            }
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The value at a place.
    pub fn value(&self, place: f64) -> f64 {
        if self.log {
            self.low * (self.high / self.low).powf(place)
        } else {
            self.low + (self.high - self.low) * place
        }
    }
}

/// What an axis' numbers are.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Plain numbers.
    Numbers,
    /// Whole numbers: no tick lies between two.
    Whole,
    /// Seconds, shown in a unit of time.
    Duration,
    /// Seconds since 1970, shown as UTC.
    Date,
    /// Numbers of which only these occur, in their order: ticks stand there.
    Few(Vec<f64>),
    /// Categories at 0, 1, 2, ...
    Categories(Vec<String>),
}

/// A place on an axis with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value.
    pub at: f64,
    /// What stands there; empty for small ticks between.
    pub label: String,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// From values to places.
    pub scale: Scale,
    /// What its numbers are.
    pub values: Values,
}

impl Axis {
    /// Ticks, about `wanted` of them with labels. Ends are not ticks by themselves.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let wanted = wanted.max(2);
        let Scale { low, high, log } = self.scale;
        match &self.values {
            Values::Categories(names) => names
                .iter()
                .enumerate()
                .map(|(i, name)| Tick {
                    at: i as f64,
                    label: name.clone(),
                })
                .collect(),
            Values::Few(all) => all
                .iter()
                .map(|at| Tick {
                    at: *at,
                    label: number(*at),
                })
                .collect(),
            _ if log => log_ticks(low, high, wanted),
            Values::Duration => {
                let unit = Unit::of(high - low, high.abs().max(low.abs()));
                ticks_of(low, high, unit.step(high - low, wanted), |v| {
                    plain(v / unit.seconds, (high - low) / unit.seconds / wanted as f64)
                })
            }
            Values::Date => {
                let step = clock_step(high - low, wanted);
                ticks_of(low, high, step, |v| date_label(v, step))
            }
            Values::Whole => {
                let step = nice((high - low) / wanted as f64).max(1.0);
                ticks_of(low, high, step, |v| labelled(v, step))
            }
            Values::Numbers => {
                let step = nice((high - low) / wanted as f64);
                ticks_of(low, high, step, |v| labelled(v, step))
            }
        }
    }

    /// The label with the unit that the ticks are in.
    pub fn title(&self) -> String {
        let Scale { low, high, log } = self.scale;
        match self.values {
            Values::Duration if !log => format!(
                "{} ({})",
                self.label,
                Unit::of(high - low, high.abs().max(low.abs())).name
            ),
            Values::Date if !log => {
                let (a, b) = (civil(low), civil(high));
                let day = |(y, m, d): (i64, u32, u32)| format!("{y}-{m:02}-{d:02}");
                match (a.0 == b.0, high - low < 86_400.0 * 2.0) {
                    (true, true) => format!("{} (UTC, {})", self.label, day(a.0)),
                    (false, true) => format!("{} (UTC, {} to {})", self.label, day(a.0), day(b.0)),
                    _ => format!("{} (UTC)", self.label),
                }
            }
            _ => self.label.clone(),
        }
    }
}

fn ticks_of(low: f64, high: f64, step: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    const MANY: f64 = 200.0;
    let drawable = step > 0.0 && (high - low).is_finite();
    if !drawable || (high - low) / step > MANY {
        return Vec::new();
    }
    let slack = step * 1e-9;
    let first = ((low - slack) / step).ceil() as i64;
    let last = ((high + slack) / step).floor() as i64;
    (first..=last)
        .map(|i| {
            let at = i as f64 * step;
            Tick { at, label: label(at) }
        })
        .collect()
}

/// 1, 2 or 5 times a power of ten, no less than `step`.
fn nice(step: f64) -> f64 {
    if step.is_nan() || step <= 0.0 || step.is_infinite() {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let rest = step / power;
    power
        * if rest <= 1.0 + 1e-9 {
            1.0
        } else if rest <= 2.0 + 1e-9 {
            2.0
        } else if rest <= 5.0 + 1e-9 {
            5.0
        } else {
            10.0
        }
}

/// A number with as many decimals as `step` needs.
fn labelled(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    if size >= 1e6 || (step < 1e-4 && size < 1e-2) {
        return number(value);
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.decimals$}");
    if value == 0.0
        || text
            .trim_start_matches('-')
            .chars()
            .all(|c| matches!(c, '0' | '.'))
    {
        return "0".into();
    }
    if size >= 1e4 && decimals == 0 {
        return grouped(&text).replace('-', "−");
    }
    text.replace('-', "−")
}

/// `12000` as `12 000` with narrow spaces... of four digits or fewer nothing changes.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
    let mut out = String::from(sign);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push('\u{a0}');
        }
        out.push(c);
    }
    out
}

fn plain(value: f64, step: f64) -> String {
    labelled(value, nice(step))
}

/// A number for a label: four figures at most, powers of ten where it is very large or small.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let exponent = value.abs().log10().floor() as i32;
    if (-4..6).contains(&exponent) {
        let decimals = (3 - exponent).max(0) as usize;
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        return text.replace('-', "−");
    }
    let mantissa = value / 10_f64.powi(exponent);
    let text = format!("{mantissa:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.').replace('-', "−");
    match text.as_str() {
        "1" => power(exponent),
        _ => format!("{text}·{}", power(exponent)),
    }
}

/// `10⁻³`.
fn power(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let text = exponent.to_string();
    let digits = text.chars().map(|c| match c.to_digit(10) {
        Some(d) => DIGITS[d as usize],
        None => '⁻',
    });
    format!("10{}", digits.collect::<String>())
}

fn log_ticks(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let every = ((last - first) as usize).div_ceil(wanted.max(1) * 2).max(1) as i32;
    let inside = |v: f64| v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9);
    // Over a short stretch 3, or 2 and 5, or all digits have labels too: as few as are needed for three of them.
    const DIGITS: [&[u32]; 4] = [&[1], &[1, 3], &[1, 2, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9]];
    let shown = |digits: &[u32]| {
        let all = (first..=last).flat_map(|e| digits.iter().map(move |d| f64::from(*d) * 10_f64.powi(e)));
        all.filter(|v| inside(*v)).count()
    };
    let short = decades < 1.5;
    let sets = DIGITS.into_iter().filter(|d| !short || d.len() != 2);
    let labelled_digits = sets.into_iter().find(|d| shown(d) >= 3).unwrap_or(DIGITS[3]);
    let name = |v: f64, exponent: i32, digit: u32| {
        if (-3..5).contains(&exponent) {
            number(v)
        } else if digit == 1 {
            power(exponent)
        } else {
            format!("{digit}·{}", power(exponent))
        }
    };
    let mut ticks = Vec::new();
    for exponent in first..=last {
        for digit in 1..=9_u32 {
            let at = f64::from(digit) * 10_f64.powi(exponent);
            if !inside(at) {
                continue;
            }
            let main = exponent.rem_euclid(every) == 0 && labelled_digits.contains(&digit);
            if main || every == 1 && decades < 8.0 {
                let label = if main {
                    name(at, exponent, digit)
                } else {
                    String::new()
                };
                ticks.push(Tick { at, label });
            }
        }
    }
    if decades < 0.2 {
        // Not even neighbouring digits are inside: as on a linear axis.
        let step = nice((high - low) / wanted as f64);
        return ticks_of(low, high, step, |v| labelled(v, step));
    }
    ticks
}

struct Unit {
    name: &'static str,
    seconds: f64,
}

impl Unit {
    fn of(span: f64, largest: f64) -> Self {
        let (name, seconds) = match span.max(largest * 0.2) {
            s if s < 180.0 => ("s", 1.0),
            s if s < 3.0 * 3600.0 => ("min", 60.0),
            s if s < 72.0 * 3600.0 => ("h", 3600.0),
            _ => ("d", 86_400.0),
        };
        Self { name, seconds }
    }

    fn step(&self, span: f64, wanted: usize) -> f64 {
        nice(span / self.seconds / wanted as f64) * self.seconds
    }
}

/// A step of a clock or a calendar, no less than what `wanted` ticks ask for.
fn clock_step(span: f64, wanted: usize) -> f64 {
    const STEPS: [f64; 17] = [
        1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0,
        86_400.0, 172_800.0, 604_800.0,
    ];
    let least = span / wanted as f64;
    STEPS
        .into_iter()
        .find(|s| *s >= least)
        .unwrap_or_else(|| nice(least / 86_400.0) * 86_400.0)
}

/// The day of seconds since 1970 in UTC: year, month, day (Howard Hinnant's `civil_from_days`), and the second of the day.
fn civil(seconds: f64) -> ((i64, u32, u32), u32) {
    let total = seconds.floor() as i64;
    let (days, second) = (total.div_euclid(86_400), total.rem_euclid(86_400) as u32);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    let year = yoe + era * 400 + i64::from(month <= 2);
    ((year, month, day), second)
}

fn date_label(seconds: f64, step: f64) -> String {
    let ((_, month, day), second) = civil(seconds + 0.5);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    match step {
        s if s >= 86_400.0 => format!("{month:02}-{day:02}"),
        s if s >= 60.0 => format!("{h:02}:{m:02}"),
        _ => format!("{h:02}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, log: bool, values: Values) -> Vec<String> {
        let axis = Axis {
            label: String::new(),
            scale: Scale { low, high, log },
            values,
        };
        axis.ticks(5)
            .into_iter()
            .map(|t| t.label)
            .filter(|l| !l.is_empty())
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(0.0, 10.0, false, Values::Numbers),
            ["0", "2", "4", "6", "8", "10"]
        );
        assert_eq!(
            labels(-0.13, 0.31, false, Values::Numbers),
            ["−0.1", "0", "0.1", "0.2", "0.3"]
        );
        assert_eq!(labels(0.0, 1e5, false, Values::Numbers)[1], "20\u{a0}000");
        assert_eq!(labels(0.0, 2e7, false, Values::Numbers)[1], "5·10⁶");
        assert_eq!(labels(1.0, 3.0, false, Values::Whole), ["1", "2", "3"]);
    }

    #[test]
    fn logarithmic_ticks() {
        assert_eq!(
            labels(1e-4, 1.0, true, Values::Numbers),
            ["10⁻⁴", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(labels(1.0, 12.0, true, Values::Numbers), ["1", "2", "5", "10"]);
        assert_eq!(
            labels(0.62, 3.1, true, Values::Numbers),
            ["0.7", "0.8", "0.9", "1", "2", "3"]
        );
        assert_eq!(labels(1e-12, 1.0, true, Values::Numbers).len(), 7);
        assert!(labels(20.0, 21.0, true, Values::Numbers).len() >= 3);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(labels(0.0, 7200.0, false, Values::Duration), ["0", "50", "100"]);
        assert_eq!(
            labels(0.0, 36_000.0, false, Values::Duration),
            ["0", "2", "4", "6", "8", "10"]
        );
        let axis = Axis {
            label: "time".into(),
            scale: Scale::exact(1_764_000_000.0, 1_764_003_600.0),
            values: Values::Date,
        };
        assert_eq!(axis.title(), "time (UTC, 2025-11-24)");
        assert_eq!(axis.ticks(6)[0].label, "16:00");
    }

    #[test]
    fn scales_have_room_and_never_vanish() {
        let one = Scale::around(5.0, 5.0, false, (None, None));
        assert!(one.low < 5.0 && one.high > 5.0);
        let zero = Scale::around(0.0, 0.0, false, (None, None));
        assert!(zero.low < 0.0 && zero.high > 0.0);
        let none = Scale::around(f64::INFINITY, f64::NEG_INFINITY, true, (None, None));
        assert!(none.low > 0.0 && none.high > none.low);
        let beyond = Scale::around(1.0, 2.0, false, (Some(9.0), None));
        assert!(beyond.high > beyond.low);
        let log = Scale {
            low: 1.0,
            high: 100.0,
            log: true,
        };
        assert_eq!((log.place(10.0), log.value(0.5)), (0.5, 10.0));
        assert!(log.place(0.0) < -1.0);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.123_456, "0.1235"),
            (-2.5, "−2.5"),
            (2e-5, "2·10⁻⁵"),
            (1e7, "10⁷"),
            (123_456.0, "123456"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
