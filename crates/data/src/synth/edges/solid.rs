//! Solids in a plain view from slightly above: which face is seen at a place, and how it is turned.

use super::super::canvas::{Colour, rgb, scaled};
use super::super::noise::smooth;

/// How round the horizontal circles look from the viewer's height.
const TILT: f32 = 0.32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Sphere,
    Crate,
    Tin,
    Cone,
    Ring,
}

/// What is seen at a place.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// Faces of one solid differ where a line is to be drawn.
    pub face: u8,
    /// Of length 1; y downwards, z to the viewer.
    pub normal: [f32; 3],
    pub colour: Colour,
    pub gloss: f32,
}

/// One solid around (`x`, `y`), within `size` of it.
#[derive(Clone, Copy, Debug)]
pub struct Solid {
    shape: Shape,
    x: f32,
    y: f32,
    size: f32,
    /// Width to height, about 1.
    aspect: f32,
}

impl Solid {
    pub fn new(kind: usize, x: f32, y: f32, size: f32, aspect: f32) -> Self {
        let shape = [Shape::Sphere, Shape::Crate, Shape::Tin, Shape::Cone, Shape::Ring][kind % 5];
        Self {
            shape,
            x,
            y,
            size,
            aspect,
        }
    }

    /// Where it stands.
    pub fn foot(&self) -> f32 {
        self.y + self.size
    }

    /// Whether the two overlap by a third of their sizes at most.
    pub fn clear_of(&self, other: &Self) -> bool {
        let (dx, dy) = (self.x - other.x, self.y - other.y);
        (dx * dx + dy * dy).sqrt() > 0.8 * (self.size + other.size)
    }

    /// Half of the width and of the height of what stands upright.
    fn half(&self) -> (f32, f32) {
        (0.72 * self.size * self.aspect.min(1.15), 0.95 * self.size)
    }

    /// The face at (`x`, `y`), if any.
    pub fn hit(&self, x: f32, y: f32) -> Option<Hit> {
        let (dx, dy) = (x - self.x, y - self.y);
        if dx.abs() > 1.1 * self.size || dy.abs() > 1.1 * self.size {
            return None;
        }
        match self.shape {
            Shape::Sphere => self.sphere(dx, dy),
            Shape::Crate => self.cube(dx, dy),
            Shape::Tin => self.tin(dx, dy),
            Shape::Cone => self.cone(dx, dy),
            Shape::Ring => self.ring(dx, dy),
        }
    }

    fn sphere(&self, dx: f32, dy: f32) -> Option<Hit> {
        let (u, v) = (dx / self.size, dy / self.size);
        let z2 = 1.0 - u * u - v * v;
        (z2 >= 0.0).then(|| Hit {
            face: 0,
            normal: [u, v, z2.sqrt()],
            colour: rgb(214, 48, 46),
            gloss: 0.9,
        })
    }

    /// A box on its edge: a top and two sides.
    fn cube(&self, dx: f32, dy: f32) -> Option<Hit> {
        let (w, h) = (0.86 * self.size, 0.95 * self.size);
        let top = 0.42 * self.size;
        let u = dx / w;
        // The upper and lower borders of the sides; the edge to the viewer is at u = 0.
        let side_top = -h + 2.0 * top - top * u.abs();
        let lid_top = -h + top * u.abs();
        let side_bottom = h - top * u.abs();
        if u.abs() > 1.0 || dy < lid_top || dy > side_bottom {
            return None;
        }
        let blue = rgb(52, 104, 190);
        if dy < side_top {
            return Some(Hit {
                face: 0,
                normal: [0.0, -0.86, 0.51],
                colour: blue,
                gloss: 0.0,
            });
        }
        let v = (dy - side_top) / (side_bottom - side_top);
        // Planks, darker where they meet.
        let plank = v * 4.0 - (v * 4.0).floor();
        let colour = if plank < 0.1 { scaled(blue, 0.72) } else { blue };
        let (face, normal) = if u < 0.0 {
            (1, [-0.7, 0.1, 0.7])
        } else {
            (2, [0.7, 0.1, 0.7])
        };
        Some(Hit {
            face,
            normal,
            colour,
            gloss: 0.0,
        })
    }

    /// A cylinder with a paper band.
    fn tin(&self, dx: f32, dy: f32) -> Option<Hit> {
        let (w, h) = self.half();
        let u = dx / w;
        if u.abs() > 1.0 {
            return None;
        }
        let bulge = (1.0 - u * u).sqrt();
        let (rise, top, bottom) = (TILT * w, -h + TILT * w, h - TILT * w);
        if (dy - top).abs() <= rise * bulge {
            let rim = (u * u + ((dy - top) / rise).powi(2)).sqrt();
            let metal = if (0.8..0.88).contains(&rim) {
                rgb(140, 146, 150)
            } else {
                rgb(206, 210, 212)
            };
            return Some(Hit {
                face: 0,
                normal: [0.0, -0.94, 0.34],
                colour: metal,
                gloss: 0.1,
            });
        }
        if dy < top || dy > bottom + rise * bulge {
            return None;
        }
        let v = (dy - rise * bulge - top) / (bottom - top);
        let band = (0.12..0.88).contains(&v);
        let stripe = (0.42..0.58).contains(&v);
        let colour = match (band, stripe) {
            (true, true) => rgb(238, 232, 206),
            (true, false) => rgb(46, 140, 84),
            (false, _) => rgb(190, 194, 198),
        };
        Some(Hit {
            face: 1,
            normal: [u, 0.0, bulge],
            colour,
            gloss: 0.5,
        })
    }

    /// A cone with white bands.
    fn cone(&self, dx: f32, dy: f32) -> Option<Hit> {
        let (w, h) = self.half();
        let base = h - TILT * w;
        let down = (dy + h) / (base + h);
        let reach = w * down.min(1.0);
        let u = dx / reach.max(1e-6);
        let low = base + TILT * w * (1.0 - (dx / w).powi(2)).max(0.0).sqrt();
        if !(0.0..).contains(&down) || u.abs() > 1.0 || dy > low {
            return None;
        }
        let bulge = (1.0 - u * u).sqrt();
        let v = down - 0.16 * down * bulge;
        let white = (0.34..0.48).contains(&v) || (0.62..0.76).contains(&v);
        let colour = if white {
            rgb(244, 240, 232)
        } else {
            rgb(240, 122, 32)
        };
        Some(Hit {
            face: 0,
            normal: [0.92 * u, -0.39, 0.92 * bulge],
            colour,
            gloss: 0.35,
        })
    }

    /// A torus that faces the viewer.
    fn ring(&self, dx: f32, dy: f32) -> Option<Hit> {
        let thick = 0.27 * self.size;
        let radius = self.size - thick;
        let d = (dx * dx + dy * dy).sqrt();
        let t = (d - radius) / thick;
        (t.abs() <= 1.0).then(|| {
            let out = t / d.max(1e-6);
            Hit {
                face: 0,
                normal: [dx * out, dy * out, (1.0 - t * t).sqrt()],
                colour: rgb(244, 196, 48),
                gloss: 0.6,
            }
        })
    }

    /// How much of the light on the table it takes at a place, from 0 to 1: a soft ellipse at its foot, to the right.
    pub fn shadow(&self, x: f32, y: f32) -> f32 {
        let reach = if self.shape == Shape::Sphere || self.shape == Shape::Ring {
            0.8
        } else {
            1.0
        };
        let (u, v) = (
            (x - self.x - 0.22 * self.size) / (1.1 * reach * self.size),
            (y - self.foot() + 0.12 * self.size) / (0.36 * self.size),
        );
        0.55 * smooth(1.0 - (u * u + v * v).sqrt())
    }
}
