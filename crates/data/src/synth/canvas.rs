//! A square of colours to paint on, in coordinates from 0 to 1 with y downwards.

use super::noise::mix;
use crate::raster::{Raster, Samples};

/// Red, green and blue from 0 to 1.
pub type Colour = [f32; 3];

/// A colour of 8-bit components.
pub const fn rgb(r: u8, g: u8, b: u8) -> Colour {
    [r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0]
}

/// `a` at 0, `b` at 1.
pub fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]
}

/// The colour made lighter or darker.
pub fn scaled(c: Colour, by: f32) -> Colour {
    c.map(|v| v * by)
}

/// A rectangle from (`x0`, `y0`) to (`x1`, `y1`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
}

impl Rect {
    pub fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// Smaller by `dx` left and right and `dy` above and below.
    pub fn inset(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 + dx, self.y0 + dy, self.x1 - dx, self.y1 - dy)
    }

    /// The strip from `from` to `to`, parts of the height from the top.
    pub fn rows(&self, from: f32, to: f32) -> Self {
        Self {
            y0: mix(self.y0, self.y1, from),
            y1: mix(self.y0, self.y1, to),
            ..*self
        }
    }

    /// The strip from `from` to `to`, parts of the width from the left.
    pub fn columns(&self, from: f32, to: f32) -> Self {
        Self {
            x0: mix(self.x0, self.x1, from),
            x1: mix(self.x0, self.x1, to),
            ..*self
        }
    }

    pub fn moved(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)
    }
}

/// Painted in floating point, quantised once at the end.
pub struct Canvas {
    size: usize,
    pixels: Vec<Colour>,
    /// Whether pixels are covered wholly or not at all: label maps have no mixed colours.
    hard: bool,
}

impl Canvas {
    pub fn new(size: usize, hard: bool) -> Self {
        Self {
            size,
            pixels: vec![[0.0; 3]; size * size],
            hard,
        }
    }

    /// Paints `rect`, its edges by the area they cover. `shade` gives the colour from the place and from what is there.
    pub fn rect(&mut self, rect: Rect, shade: impl Fn(f32, f32, Colour) -> Colour) {
        let scale = self.size as f32;
        let overlap = |from: f32, to: f32, pixel: usize| {
            let p = pixel as f32;
            ((to * scale).min(p + 1.0) - (from * scale).max(p)).clamp(0.0, 1.0)
        };
        self.paint(
            rect,
            |px, py, _, _| overlap(rect.x0, rect.x1, px) * overlap(rect.y0, rect.y1, py),
            shade,
        );
    }

    /// Paints where the signed `distance` (in canvas units, negative inside) is below 0 within `bounds`.
    pub fn shape(
        &mut self,
        bounds: Rect,
        distance: impl Fn(f32, f32) -> f32,
        shade: impl Fn(f32, f32, Colour) -> Colour,
    ) {
        let scale = self.size as f32;
        self.paint(
            bounds,
            |_, _, x, y| (0.5 - distance(x, y) * scale).clamp(0.0, 1.0),
            shade,
        );
    }

    fn paint(
        &mut self,
        bounds: Rect,
        coverage: impl Fn(usize, usize, f32, f32) -> f32,
        shade: impl Fn(f32, f32, Colour) -> Colour,
    ) {
        let scale = self.size as f32;
        let range = |from: f32, to: f32| {
            (from * scale).floor().max(0.0) as usize..((to * scale).ceil().max(0.0) as usize).min(self.size)
        };
        for py in range(bounds.y0, bounds.y1) {
            for px in range(bounds.x0, bounds.x1) {
                let (x, y) = ((px as f32 + 0.5) / scale, (py as f32 + 0.5) / scale);
                let covered = coverage(px, py, x, y);
                let covered = if self.hard {
                    f32::from(covered >= 0.5)
                } else {
                    covered
                };
                if covered > 0.0 {
                    let at = &mut self.pixels[py * self.size + px];
                    *at = blend(*at, shade(x, y, *at), covered);
                }
            }
        }
    }

    /// Sets every pixel to the mean of `samples` x `samples` evaluations.
    pub fn fill(&mut self, samples: usize, colour: impl Fn(f32, f32) -> Colour) {
        let step = 1.0 / (self.size * samples) as f32;
        for py in 0..self.size {
            for px in 0..self.size {
                let mut sum = [0.0; 3];
                for s in 0..samples * samples {
                    let sx = (px * samples + s % samples) as f32 + 0.5;
                    let sy = (py * samples + s / samples) as f32 + 0.5;
                    let c = colour(sx * step, sy * step);
                    (0..3).for_each(|k| sum[k] += c[k]);
                }
                self.pixels[py * self.size + px] = sum.map(|v| v / (samples * samples) as f32);
            }
        }
    }

    /// The 8-bit image.
    pub fn into_raster(self) -> Raster {
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let samples = Samples::U8(self.pixels.iter().flat_map(|c| c.map(byte)).collect());
        Raster {
            width: self.size,
            height: self.size,
            channels: 3,
            samples,
        }
    }
}
