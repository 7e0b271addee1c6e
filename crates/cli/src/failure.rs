//! How a command fails: one message for people, one exit code for scripts.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

/// The end of a command that did not do what it was asked.
///
/// Any error becomes a failure with exit code 1 by `?`; [`ResultExt::usage`] makes it the user's mistake (exit code 2).
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Something went wrong: exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            code: 1,
            message: message.into(),
        }
    }

    /// Wrong usage or input: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            message: message.into(),
        }
    }

    /// Stopped by Ctrl-C or SIGTERM after everything was saved: exit code 130.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self {
            code: 130,
            message: message.into(),
        }
    }

    /// Says first what the failure means.
    pub fn because(self, meaning: impl Display) -> Self {
        Self {
            message: format!("{meaning}: {}", self.message),
            ..self
        }
    }

    /// The reader of the output is gone (`| head`): nothing to say, nothing wrong.
    fn quiet() -> Self {
        Self {
            code: 0,
            message: String::new(),
        }
    }

    /// Writes the message to standard error and gives the exit code.
    pub fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            // Where standard error is closed, the exit code still tells.
            let _ = match self.code {
                130 => writeln!(io::stderr(), "{}", self.message),
                _ => writeln!(io::stderr(), "error: {}", self.message),
            };
        }
        ExitCode::from(self.code)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        match (&error as &dyn Error).downcast_ref::<io::Error>() {
            Some(e) if e.kind() == io::ErrorKind::BrokenPipe => Self::quiet(),
            _ => Self::new(chain(&error)),
        }
    }
}

/// The message of an error followed by those of its sources, each only where it adds something.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Turns results into failures.
pub trait ResultExt<T> {
    /// The user's mistake: exit code 2.
    fn usage(self) -> Result<T, Failure>;
    /// Says first what was being done.
    fn context(self, doing: impl Display) -> Result<T, Failure>;
}

impl<T, E: Error + 'static> ResultExt<T> for Result<T, E> {
    fn usage(self) -> Result<T, Failure> {
        self.map_err(|e| Failure::usage(chain(&e)))
    }

    fn context(self, doing: impl Display) -> Result<T, Failure> {
        self.map_err(|e| Failure::new(format!("{doing}: {}", chain(&e))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read a.toml")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("all in one: {0}")]
    struct Repeats(#[source] io::Error);

    fn gone() -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, "no such file")
    }

    #[test]
    fn causes_are_chained_and_none_is_said_twice() {
        assert_eq!(chain(&Outer(gone())), "cannot read a.toml: no such file");
        assert_eq!(chain(&Repeats(gone())), "all in one: no such file");
    }

    #[test]
    fn codes_follow_the_kind_of_failure() {
        assert_eq!(Failure::from(gone()).code, 1);
        assert_eq!(Err::<(), _>(gone()).usage().unwrap_err().code, 2);
        let pipe = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((pipe.code, pipe.message.as_str()), (0, ""));
    }
}
