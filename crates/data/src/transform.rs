//! The reference's transforms: resize, crop, flip, then to [-1, 1].

use diptych_domain::{Images, Size};
use rand::Rng;

use crate::raster::{Raster, Region, Samples};
use crate::resize::{Resized, bicubic};
use crate::stream::{below, coin};

/// What is done to one image: resized to `load`, of which the rectangle of the size `crop` at (`x`, `y`) is kept, mirrored
/// where `flip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transform {
    pub load: Size,
    pub crop: Size,
    pub x: usize,
    pub y: usize,
    pub flip: bool,
}

impl Transform {
    /// Resized to the crop, nothing at random.
    pub fn plain(crop: Size) -> Self {
        Self {
            load: crop,
            crop,
            x: 0,
            y: 0,
            flip: false,
        }
    }

    /// Draws x, y and the flip, in this order. `load` holds `crop`.
    pub fn draw(rng: &mut impl Rng, load: Size, crop: Size, flip: bool) -> Self {
        let room = |load: u32, crop: u32| load.saturating_sub(crop) as usize + 1;
        let x = below(rng, room(load.width, crop.width));
        let y = below(rng, room(load.height, crop.height));
        Self {
            load,
            crop,
            x,
            y,
            flip: coin(rng) && flip,
        }
    }

    /// Applies it to the `source` rectangle of `raster`, channels as they are.
    pub fn apply(&self, raster: &Raster, source: Region) -> Images {
        let window = Region {
            x: self.x,
            y: self.y,
            width: self.crop.width as usize,
            height: self.crop.height as usize,
        };
        let (width, height) = (self.load.width as usize, self.load.height as usize);
        let resized = bicubic(raster, source, width, height, window);
        let mut out = Images::zeros(1, raster.channels, window.height, window.width);
        match &resized {
            Resized::U8(s) => planar(s, &mut out, self.flip, from_u8),
            Resized::F32(s) => planar(s, &mut out, self.flip, from_16_bit),
        }
        out
    }
}

/// The raster at its own size in [-1, 1].
pub(crate) fn to_images(raster: &Raster) -> Images {
    let mut out = Images::zeros(1, raster.channels, raster.height, raster.width);
    match &raster.samples {
        Samples::U8(s) => planar(s, &mut out, false, from_u8),
        Samples::U16(s) => planar(s, &mut out, false, |v| from_16_bit(f32::from(v))),
    }
    out
}

fn from_u8(v: u8) -> f32 {
    (f32::from(v) / 255.0 - 0.5) / 0.5
}

fn from_16_bit(v: f32) -> f32 {
    (v / 65535.0 - 0.5) / 0.5
}

/// Interleaved samples into the planes of `out`, mirrored where `flip`.
fn planar<T: Copy>(samples: &[T], out: &mut Images, flip: bool, value: impl Fn(T) -> f32) {
    let (channels, height, width) = (out.c, out.h, out.w);
    for (k, plane) in out.data.chunks_exact_mut(height * width).enumerate() {
        let rows = samples.chunks_exact(width * channels);
        for (row, input) in plane.chunks_exact_mut(width).zip(rows) {
            let values = input[k..].iter().step_by(channels).map(|&v| value(v));
            if flip {
                row.iter_mut().rev().zip(values).for_each(|(o, v)| *o = v);
            } else {
                row.iter_mut().zip(values).for_each(|(o, v)| *o = v);
            }
        }
    }
}
