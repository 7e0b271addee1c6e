//! A line at the foot of the screen that says what came of something.

/// How long a notice stays: seconds.
const STAYS: f64 = 6.0;
/// How long it stays at least, whatever is done meanwhile: seconds.
const AT_LEAST: f64 = 2.0;

/// What to say, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The text.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// When it goes away.
    pub until: f64,
}

impl Notice {
    /// Something was done.
    pub fn good(text: impl Into<String>, now: f64) -> Self {
        Self {
            text: text.into(),
            bad: false,
            until: now + STAYS,
        }
    }

    /// Gives way to the keys that it lies over, once it could be read: something is being done again.
    pub fn has_been_read(&self, now: f64) -> bool {
        !self.bad && now - (self.until - STAYS) >= AT_LEAST
    }

    /// Something could not be done; it stays twice as long.
    pub fn bad(text: impl Into<String>, now: f64) -> Self {
        Self {
            text: text.into(),
            bad: true,
            until: now + 2.0 * STAYS,
        }
    }
}
