//! Run ids: sortable by creation time, unique across machines.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A UUID version 7 in lower-case hex without hyphens (32 characters); its text order is its creation order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// A fresh id for a run created now.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    /// An id read back from a store or a path; the text is taken as it is.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_creation_order() {
        let ids: Vec<RunId> = (0..100).map(|_| RunId::generate()).collect();
        let mut sorted = ids.clone();
        sorted.sort();
        assert_eq!(ids, sorted);
        assert_eq!(ids[0].as_str().len(), 32);
    }
}
