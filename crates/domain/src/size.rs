//! The size of images: width and height, written as one number where they are square.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Width and height in pixels, in this order, as image tools say them.
///
/// In JSON a square is one number and anything else `[width, height]`, so that experiments from before there were others read and
/// hash as ever. As text it is `256` or `256x128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A square of this side.
    pub const fn square(side: u32) -> Self {
        Self {
            width: side,
            height: side,
        }
    }

    /// Whether both sides are equal.
    pub fn is_square(self) -> bool {
        self.width == self.height
    }

    /// Whether `inner` fits inside, whichever side is looked at.
    pub fn holds(self, inner: Self) -> bool {
        self.width >= inner.width && self.height >= inner.height
    }

    /// The sides with what they are called, each once: a square has only one.
    pub fn sides(self) -> Vec<(&'static str, u32)> {
        if self.is_square() {
            vec![("side", self.width)]
        } else {
            vec![("width", self.width), ("height", self.height)]
        }
    }

    /// The longer side.
    pub fn longer(self) -> u32 {
        self.width.max(self.height)
    }

    /// The shorter side.
    pub fn shorter(self) -> u32 {
        self.width.min(self.height)
    }

    /// Reads `256` or `256x128`, as [`fmt::Display`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        let side = |part: &str| {
            // No signs, and nothing that is not written the same way again.
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        match text.split_once('x') {
            Some((width, height)) => Some(Self {
                width: side(width)?,
                height: side(height)?,
            }),
            None => side(text).map(Self::square),
        }
    }
}

impl From<u32> for Size {
    fn from(side: u32) -> Self {
        Self::square(side)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_square() {
            return self.width.fmt(f);
        }
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .ok_or_else(|| "expected pixels a side, such as 256, or WIDTHxHEIGHT, such as 256x128".to_owned())
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_square() {
            self.width.serialize(serializer)
        } else {
            [self.width, self.height].serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Square(u32),
            Sides([u32; 2]),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::Square(side)) => Ok(Self::square(side)),
            Ok(Written::Sides([width, height])) => Ok(Self { width, height }),
            Err(_) => Err(D::Error::custom("expected pixels a side, or [width, height]")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size {
        width: 256,
        height: 128,
    };

    #[test]
    fn squares_are_one_number_and_others_two() {
        for (size, json, text) in [(Size::square(286), "286", "286"), (WIDE, "[256,128]", "256x128")] {
            assert_eq!(serde_json::to_string(&size).unwrap(), json);
            assert_eq!(serde_json::from_str::<Size>(json).unwrap(), size);
            assert_eq!(size.to_string(), text);
            assert_eq!(text.parse(), Ok(size));
        }
        assert_eq!(
            serde_json::from_str::<Size>("[64, 64]").unwrap(),
            Size::square(64)
        );
        assert_eq!("64x64".parse(), Ok(Size::square(64)));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "x",
            "256x",
            "x128",
            "-1x2",
            "+1",
            "1x2x3",
            "256 x 128",
            "256X128",
            "99999999999",
        ] {
            assert_eq!(Size::parse(text), None, "{text}");
        }
        for json in ["[1]", "[1, 2, 3]", "[1, -2]", "-1", "1.5", "\"256x128\"", "{}"] {
            let error = serde_json::from_str::<Size>(json).unwrap_err().to_string();
            assert!(
                error.contains("expected pixels a side, or [width, height]"),
                "{json}: {error}"
            );
        }
    }

    #[test]
    fn one_holds_another_where_both_sides_do() {
        assert!(WIDE.holds(WIDE) && WIDE.holds(Size::square(128)));
        assert!(!WIDE.holds(Size::square(129)) && !Size::square(255).holds(WIDE));
    }
}
