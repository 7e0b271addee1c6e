//! Numbers, sizes and times as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use diptych_domain::human::{ago, bytes, duration, number, rate};

/// `2026-11-23 21:56:37` in local time.
pub fn time(seconds: f64) -> String {
    match Timestamp::from_microsecond((seconds * 1e6) as i64) {
        Ok(t) => t
            .to_zoned_datetime(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => seconds.to_string(),
    }
}

/// Seconds since the Unix epoch.
pub fn now() -> f64 {
    Timestamp::now().as_microsecond() as f64 / 1e6
}
