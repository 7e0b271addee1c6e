//! Solids on a table: their outlines and their shaded, coloured pictures.
//!
//! Each shape has its own material, so that the outline tells the colour: red spheres, blue crates, green tins, orange
//! cones, yellow rings.

mod solid;

use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Colour, blend, rgb, scaled};
use super::noise::{hash, smooth};
use crate::raster::Raster;
use crate::stream::below;
use solid::{Hit, Solid};

/// The outlines (A) and the picture (B).
pub fn draw(size: usize, mut rng: ChaCha8Rng) -> (Raster, Raster) {
    let solids = scene(&mut rng);
    let seed = below(&mut rng, 1 << 30) as u32;
    let mut picture = Canvas::new(size, false);
    picture.fill(3, |x, y| colour(&solids, x, y, seed, size));
    let mut lines = Canvas::new(size, false);
    // A line is where the visible face differs a little to one of the sides; its width follows the size down to a pixel.
    let reach = 0.5 * (1.5 / 256.0f32).max(1.0 / size as f32);
    lines.fill(2, |x, y| {
        let face = |dx: f32, dy: f32| visible(&solids, x + dx, y + dy).map(|(i, hit)| (i, hit.face));
        let edge = face(-reach, 0.0) != face(reach, 0.0)
            || face(0.0, -reach) != face(0.0, reach)
            || face(-0.7 * reach, -0.7 * reach) != face(0.7 * reach, 0.7 * reach)
            || face(-0.7 * reach, 0.7 * reach) != face(0.7 * reach, -0.7 * reach);
        if edge { rgb(20, 20, 24) } else { [1.0; 3] }
    });
    (lines.into_raster(), picture.into_raster())
}

/// Two to six solids (fewer where they find no room) that stand apart, the nearest (lowest) last.
fn scene(rng: &mut ChaCha8Rng) -> Vec<Solid> {
    let wanted = 2 + below(rng, 5);
    let largest = [0.25, 0.21, 0.185, 0.165, 0.15][wanted - 2];
    let mut solids: Vec<Solid> = Vec::new();
    for _ in 0..60 {
        if solids.len() == wanted {
            break;
        }
        let mut between = |a: f32, b: f32| a + (b - a) * below(rng, 1 << 16) as f32 / 65536.0;
        let size = between(0.68 * largest, largest);
        let (x, y) = (
            between(size + 0.02, 0.98 - size),
            between(size + 0.06, 0.95 - size),
        );
        let shape = between(0.8, 1.25);
        let candidate = Solid::new(below(rng, 5), x, y, size, shape);
        if solids.iter().all(|s| s.clear_of(&candidate)) {
            solids.push(candidate);
        }
    }
    solids.sort_by(|a, b| a.foot().total_cmp(&b.foot()));
    solids
}

fn visible(solids: &[Solid], x: f32, y: f32) -> Option<(usize, Hit)> {
    solids
        .iter()
        .enumerate()
        .rev()
        .find_map(|(i, s)| s.hit(x, y).map(|hit| (i, hit)))
}

/// Light from the upper left, in front.
const SUN: [f32; 3] = [-0.5, -0.62, 0.6];

fn colour(solids: &[Solid], x: f32, y: f32, seed: u32, size: usize) -> Colour {
    let grain = 0.015 * (hash((x * size as f32) as i32, (y * size as f32) as i32, seed) - 0.5);
    let Some((_, hit)) = visible(solids, x, y) else {
        let table = blend(rgb(236, 232, 226), rgb(196, 186, 176), smooth(y));
        let shade: f32 = solids.iter().map(|s| 1.0 - s.shadow(x, y)).product();
        return scaled(table, shade + grain);
    };
    let [nx, ny, nz] = hit.normal;
    let dot = nx * SUN[0] + ny * SUN[1] + nz * SUN[2];
    // A highlight where the normal is halfway between the sun and the eye.
    let half = (nx * -0.28 + ny * -0.35 + nz * 0.894).max(0.0);
    let (h4, h16) = (half.powi(4), half.powi(16));
    let gloss = hit.gloss * h16 * h16 * h4;
    let light = 0.34 + 0.78 * dot.max(0.0) + 0.10 * ny.max(0.0);
    blend(scaled(hit.colour, light + grain), [1.0; 3], gloss.min(0.9))
}
