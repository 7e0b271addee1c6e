//! Land from above and its map: streets, houses, parks and water.

mod plan;

use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Colour, blend, rgb, scaled};
use super::noise::{fractal, hash, mix};
use crate::raster::Raster;
use crate::stream::below;
use plan::{Land, Plan};

/// The picture from above (A) and the map (B).
pub fn draw(size: usize, mut rng: ChaCha8Rng) -> (Raster, Raster) {
    let plan = Plan::draw(&mut rng);
    let seed = below(&mut rng, 1 << 30) as u32;
    let (mut photo, mut map) = (Canvas::new(size, false), Canvas::new(size, false));
    photo.fill(2, |x, y| aerial(&plan, x, y, seed));
    map.fill(2, |x, y| drawn(&plan.at(x, y)));
    (photo.into_raster(), map.into_raster())
}

fn drawn(land: &Land) -> Colour {
    match *land {
        Land::Water { .. } => rgb(156, 202, 242),
        Land::MainRoad { across } => {
            if across > 0.8 {
                rgb(236, 178, 84)
            } else {
                rgb(253, 218, 120)
            }
        }
        Land::Street { across } => {
            if across > 0.76 {
                rgb(212, 208, 200)
            } else {
                rgb(255, 255, 255)
            }
        }
        Land::Park => rgb(190, 226, 168),
        Land::House { edge, .. } => {
            if edge {
                rgb(186, 176, 164)
            } else {
                rgb(218, 208, 196)
            }
        }
        Land::Yard => rgb(242, 239, 232),
    }
}

fn aerial(plan: &Plan, x: f32, y: f32, seed: u32) -> Colour {
    let land = plan.at(x, y);
    let rough = fractal(x * 24.0, y * 24.0, seed) - 0.5;
    let grain = hash((x * 700.0) as i32, (y * 700.0) as i32, seed) - 0.5;
    let base = match land {
        Land::Water { depth } => scaled(
            blend(rgb(74, 108, 112), rgb(34, 66, 86), depth),
            1.0 + 0.12 * rough,
        ),
        Land::MainRoad { across } => {
            let dashed = across < 0.07 || (0.86..0.93).contains(&across);
            scaled(
                if dashed {
                    rgb(216, 210, 180)
                } else {
                    rgb(96, 97, 101)
                },
                1.0 + 0.1 * grain,
            )
        }
        Land::Street { across } => scaled(
            if across > 0.74 {
                rgb(168, 164, 156)
            } else {
                rgb(118, 118, 120)
            },
            1.0 + 0.1 * grain,
        ),
        Land::Park => scaled(rgb(104, 136, 66), 1.0 + 0.35 * rough + 0.1 * grain),
        Land::House {
            large, ridge, edge, ..
        } => {
            let roof = if large {
                rgb(170, 170, 172)
            } else {
                rgb(166, 92, 70)
            };
            // The slope to the sun, on the left of the ridge, is lighter; flat roofs have a parapet.
            let light = match (large, ridge > 0.0) {
                (true, _) => {
                    if edge {
                        1.18
                    } else {
                        1.0
                    }
                }
                (false, true) => 0.8,
                (false, false) => 1.1,
            };
            scaled(roof, light * (1.0 + 0.1 * grain))
        }
        Land::Yard => scaled(
            blend(rgb(146, 148, 104), rgb(176, 164, 136), 0.5 + 1.2 * rough),
            1.0 + 0.1 * grain,
        ),
    };
    let tall = matches!(land, Land::House { .. });
    // Houses and trees throw shadows to the lower right.
    let reach = 0.009;
    let shaded = !tall && matches!(plan.at(x - reach, y - reach), Land::House { .. });
    let base = if shaded { scaled(base, 0.58) } else { base };
    match tree(plan, &land, x, y, seed) {
        Some(crown) => crown,
        None if !tall && tree(plan, &plan.at(x - 0.006, y - 0.006), x - 0.006, y - 0.006, seed).is_some() => {
            scaled(base, 0.62)
        }
        None => base,
    }
}

/// The colour of a tree's crown, if one covers the place. Parks have many, yards few.
fn tree(plan: &Plan, land: &Land, x: f32, y: f32, seed: u32) -> Option<Colour> {
    let chance = match land {
        Land::Park => 0.55,
        Land::Yard => 0.16,
        _ => return None,
    };
    let pitch = 0.026;
    let (cx, cy) = ((x / pitch).floor() as i32, (y / pitch).floor() as i32);
    for (i, j) in (-1..=1).flat_map(|i| (-1..=1).map(move |j| (cx + i, cy + j))) {
        let (tx, ty) = (
            (i as f32 + hash(i, j, seed ^ 1)) * pitch,
            (j as f32 + hash(i, j, seed ^ 2)) * pitch,
        );
        // A tree grows where its stem may: it belongs to the same kind of land as the place it covers.
        if hash(i, j, seed ^ 3) > chance
            || std::mem::discriminant(&plan.at(tx, ty)) != std::mem::discriminant(land)
        {
            continue;
        }
        let radius = mix(0.007, 0.015, hash(i, j, seed ^ 4));
        let (dx, dy) = ((x - tx) / radius, (y - ty) / radius);
        let lumpy = 1.0 + 0.5 * (hash((x * 300.0) as i32, (y * 300.0) as i32, seed) - 0.5);
        if dx * dx + dy * dy < lumpy {
            let light =
                1.0 - 0.28 * (dx + dy) + 0.2 * (hash((x * 500.0) as i32, (y * 500.0) as i32, seed) - 0.5);
            return Some(scaled(rgb(58, 96, 46), light));
        }
    }
    None
}
