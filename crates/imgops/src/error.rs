//! What can go wrong in an operation.

use std::fmt::{Debug, Display};

/// An operation that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// Shapes that do not fit together; the message names them.
    #[error("{op}: {problem}")]
    Shape {
        /// The operation.
        op: &'static str,
        /// The shapes, and what would fit.
        problem: String,
    },
    /// The device's memory is used up; the message says what helps.
    #[error("{op}: {message}")]
    OutOfMemory {
        /// The operation.
        op: &'static str,
        /// How much there is, and the remedy.
        message: String,
    },
    /// The device failed (a lost GPU).
    #[error("{op}: the device failed: {message}")]
    Device {
        /// The operation.
        op: &'static str,
        /// The device's own words.
        message: String,
    },
}

impl OpError {
    /// A shape error.
    pub fn shape(op: &'static str, problem: impl Into<String>) -> Self {
        Self::Shape {
            op,
            problem: problem.into(),
        }
    }

    /// Wraps a device's error.
    pub fn device<E: Debug + Display>(op: &'static str) -> impl FnOnce(E) -> Self {
        move |error| {
            let message = error.to_string();
            #[cfg(feature = "cuda")]
            if let Some(problem) = crate::cuda::problem::behind_text(&message) {
                let message = problem.to_string();
                return if problem.is_out_of_memory() {
                    Self::OutOfMemory { op, message }
                } else {
                    Self::Device { op, message }
                };
            }
            Self::Device { op, message }
        }
    }
}
