//! Surfaces as functions of the place.

use super::super::canvas::{Colour, blend, rgb, scaled};
use super::super::noise::{fractal, hash};

/// What a wall is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    Stone,
    Brick,
    Plaster,
}

impl Wall {
    /// Tall floors are of stone, middling ones of brick, low ones plastered.
    pub fn of_floors(floors: usize) -> Self {
        match floors {
            ..=2 => Self::Stone,
            3 => Self::Brick,
            _ => Self::Plaster,
        }
    }

    /// The colour at a place of the canvas.
    pub fn colour(self, x: f32, y: f32, seed: u32) -> Colour {
        // Walls lighten upwards, and weather a little.
        let light = 1.04 - 0.12 * y + 0.06 * (fractal(x * 6.0, y * 6.0, seed) - 0.5);
        match self {
            Self::Stone => {
                let base = bond(
                    x,
                    y,
                    0.09,
                    0.045,
                    0.07,
                    rgb(204, 190, 160),
                    rgb(158, 144, 118),
                    0.10,
                    seed,
                );
                scaled(base, light)
            }
            Self::Brick => {
                let base = bond(
                    x,
                    y,
                    0.044,
                    0.0175,
                    0.16,
                    rgb(166, 84, 62),
                    rgb(196, 178, 160),
                    0.22,
                    seed,
                );
                scaled(base, light)
            }
            Self::Plaster => {
                let grain = 0.05 * (hash((x * 512.0) as i32, (y * 512.0) as i32, seed) - 0.5);
                scaled(rgb(232, 206, 140), light + grain)
            }
        }
    }
}

/// Blocks in running bond: `width` x `height`, a joint of the part `joint` of the height, tones that vary by `vary`.
fn bond(
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    joint: f32,
    block: Colour,
    mortar: Colour,
    vary: f32,
    seed: u32,
) -> Colour {
    let row = (y / height).floor();
    let shifted = x / width + if row as i32 % 2 == 0 { 0.0 } else { 0.5 };
    let column = shifted.floor();
    let (u, v) = ((shifted - column) * width / height, y / height - row);
    if u < joint || v < joint {
        return mortar;
    }
    let tone = 1.0 + vary * (hash(column as i32, row as i32, seed) - 0.5);
    // The upper edge of each block catches the light.
    scaled(block, if v < joint + 0.12 { tone * 1.08 } else { tone })
}

/// Roof tiles, `down` the roof from 0 to 1.
pub fn tiles(x: f32, y: f32, down: f32, seed: u32) -> Colour {
    let (width, height) = (0.026, 0.018);
    let row = (y / height).floor();
    let shifted = x / width + if row as i32 % 2 == 0 { 0.0 } else { 0.5 };
    let (u, v) = (shifted - shifted.floor() - 0.5, y / height - row);
    let tone = 0.9 + 0.2 * hash(shifted.floor() as i32, row as i32, seed);
    let round = 1.0 - 0.9 * u * u - 0.35 * (1.0 - v) * (1.0 - v);
    scaled(blend(rgb(120, 62, 52), rgb(150, 78, 60), down), tone * round)
}

/// Slabs of the street.
pub fn pavement(x: f32, y: f32, seed: u32) -> Colour {
    let depth = (y - 0.93) / 0.07;
    if depth > 0.72 {
        return scaled(
            rgb(96, 98, 104),
            0.95 + 0.1 * hash((x * 400.0) as i32, (y * 400.0) as i32, seed),
        );
    }
    if depth > 0.62 {
        return rgb(176, 174, 170);
    }
    bond(
        x,
        y,
        0.08,
        0.022,
        0.08,
        rgb(150, 148, 144),
        rgb(112, 110, 108),
        0.08,
        seed,
    )
}
