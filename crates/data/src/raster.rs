//! Decoded images: interleaved samples of 8 or 16 bits.

use serde::Serialize;

/// Bits of a sample in an image file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum BitDepth {
    /// 0 to 255.
    #[serde(rename = "8")]
    Eight,
    /// 0 to 65535.
    #[serde(rename = "16")]
    Sixteen,
}

impl BitDepth {
    /// 8 or 16.
    pub fn bits(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

/// Row-major, channel-interleaved samples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Samples {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

/// One decoded image. `samples` holds `width * height * channels` values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raster {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub samples: Samples,
}

impl Raster {
    pub fn depth(&self) -> BitDepth {
        match self.samples {
            Samples::U8(_) => BitDepth::Eight,
            Samples::U16(_) => BitDepth::Sixteen,
        }
    }

    pub fn whole(&self) -> Region {
        Region {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}
