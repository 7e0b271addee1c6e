//! Two domains of one shape each, for what CycleGAN cannot do: A has orange discs, B blue squares at any angle. Nothing is paired.
//!
//! A disc has no angle, so that no generator can bring a square's back once it is round: cycle consistency asks for the outline to be
//! kept, the adversarial loss for it to change.

use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Colour, Rect, rgb};
use super::noise::hash;
use crate::raster::Raster;
use crate::stream::below;

/// The discs' colour.
pub const DISC: [u8; 3] = [230, 126, 34];
/// The squares' colour.
pub const SQUARE: [u8; 3] = [41, 98, 210];

/// A disc (A) and, from draws of its own, a square (B), on bright ground.
pub fn draw(size: usize, mut rng: ChaCha8Rng) -> (Raster, Raster) {
    let (a, b) = (Scene::draw(&mut rng), Scene::draw(&mut rng));
    (a.disc(size, 0.75), b.square(size, 0.75))
}

/// A disc on dark ground, which no training image has.
pub fn draw_unseen(size: usize, mut rng: ChaCha8Rng) -> Raster {
    Scene::draw(&mut rng).disc(size, 0.08)
}

/// Where a shape lies; everything in parts of the image's side.
struct Scene {
    x: f32,
    y: f32,
    /// The disc's radius; a square has the same area.
    radius: f32,
    angle: f32,
    ground: f32,
    seed: u32,
}

impl Scene {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let mut between = |a: f32, b: f32| a + (b - a) * below(rng, 1 << 16) as f32 / 65536.0;
        let radius = between(0.18, 0.27);
        // A square's corners stick out by a factor of sqrt(pi / 2).
        let room = 1.26 * radius + 0.03;
        Self {
            radius,
            x: between(room, 1.0 - room),
            y: between(room, 1.0 - room),
            angle: between(0.0, std::f32::consts::FRAC_PI_2),
            ground: between(0.0, 0.18),
            seed: between(0.0, 65536.0) as u32,
        }
    }

    fn disc(&self, size: usize, darkest: f32) -> Raster {
        self.paint(size, darkest, DISC, |x, y| x.hypot(y) - self.radius)
    }

    fn square(&self, size: usize, darkest: f32) -> Raster {
        let half = 0.5 * std::f32::consts::PI.sqrt() * self.radius;
        let (sin, cos) = self.angle.sin_cos();
        self.paint(size, darkest, SQUARE, |x, y| {
            (x * cos + y * sin).abs().max((y * cos - x * sin).abs()) - half
        })
    }

    fn paint(
        &self,
        size: usize,
        darkest: f32,
        [r, g, b]: [u8; 3],
        distance: impl Fn(f32, f32) -> f32,
    ) -> Raster {
        let grain = |x: f32, y: f32| {
            0.02 * (hash((x * size as f32) as i32, (y * size as f32) as i32, self.seed) - 0.5)
        };
        let mut canvas = Canvas::new(size, false);
        canvas.fill(1, |x, y| [darkest + self.ground + grain(x, y); 3]);
        let shape: Colour = rgb(r, g, b);
        canvas.shape(
            Rect::new(0.0, 0.0, 1.0, 1.0),
            |x, y| distance(x - self.x, y - self.y),
            |x, y, _| shape.map(|v| v + grain(x, y)),
        );
        canvas.into_raster()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SynthKind, pair};
    use super::*;
    use crate::metrics::outline;
    use crate::stream::stream;
    use crate::transform::to_images;

    fn far(a: [f64; 3], b: [u8; 3]) -> f64 {
        (0..3).map(|k| (a[k] - f64::from(b[k])).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_has_discs_and_b_squares_in_colours_of_their_own() {
        for i in 0..8 {
            let pair = pair(SynthKind::Shapes, 64, 1, i).unwrap();
            let (disc, square) = (outline(&pair.a, 0).unwrap(), outline(&pair.b, 0).unwrap());
            assert!((disc.circularity - 1.0).abs() < 0.03, "{disc:?}");
            assert!(
                (square.circularity - std::f64::consts::FRAC_PI_4).abs() < 0.04,
                "{square:?}"
            );
            assert!(far(disc.colour, DISC) < 6.0 && far(square.colour, SQUARE) < 6.0);
            assert!(disc.background[0] > 180.0 && square.background[0] > 180.0);
        }
    }

    #[test]
    fn what_is_unseen_differs_in_its_ground_alone() {
        let image = to_images(&draw_unseen(64, stream(1, b"test    ", 0, 0)));
        let disc = outline(&image, 0).unwrap();
        assert!(
            (disc.circularity - 1.0).abs() < 0.03 && far(disc.colour, DISC) < 6.0,
            "{disc:?}"
        );
        assert!(disc.background[0] < 75.0, "{disc:?}");
    }
}
