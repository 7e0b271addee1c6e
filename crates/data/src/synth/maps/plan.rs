//! What lies where: a town as a function of the place.

use rand_chacha::ChaCha8Rng;

use super::super::noise::{hash, value};
use crate::stream::{below, coin};

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Land {
    /// From 0 at the shore to 1.
    Water { depth: f32 },
    /// A wide road; `across` is 0 in the middle and 1 at the edge.
    MainRoad { across: f32 },
    /// A street, as above.
    Street { across: f32 },
    /// Grass and trees.
    Park,
    /// A roof; `ridge` is negative on one side of its ridge and positive on the other.
    House { large: bool, ridge: f32, edge: bool },
    /// What lies between houses.
    Yard,
}

/// A grid of streets, turned and bent, with a river or a lake.
pub struct Plan {
    seed: u32,
    cos: f32,
    sin: f32,
    bend: f32,
    columns: Vec<Line>,
    rows: Vec<Line>,
    river: Option<(f32, f32)>,
    lake: Option<(f32, f32, f32)>,
}

#[derive(Clone, Copy)]
struct Line {
    at: f32,
    main: bool,
}

impl Line {
    fn half(&self) -> f32 {
        if self.main { 0.021 } else { 0.0125 }
    }
}

impl Plan {
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let seed = below(rng, 1 << 30) as u32;
        let unit = |rng: &mut ChaCha8Rng| below(rng, 1 << 16) as f32 / 65536.0;
        let angle = (unit(rng) - 0.5) * 1.2;
        let mut lines = |pitch: f32| {
            let mut at = -0.75 + 0.15 * unit(rng);
            let main = below(rng, 5);
            let mut lines = Vec::new();
            while at < 0.9 {
                lines.push(Line {
                    at,
                    main: lines.len() % 5 == main,
                });
                at += pitch * (0.75 + 0.5 * unit(rng));
            }
            lines
        };
        let (columns, rows) = (lines(0.24), lines(0.19));
        let river = coin(rng).then(|| (unit(rng) - 0.5, 0.04 + 0.03 * unit(rng)));
        let lake = (river.is_none() && coin(rng)).then(|| (unit(rng), unit(rng), 0.1 + 0.12 * unit(rng)));
        Self {
            seed,
            cos: angle.cos(),
            sin: angle.sin(),
            bend: 0.12 * unit(rng),
            columns,
            rows,
            river,
            lake,
        }
    }

    /// What is at (`x`, `y`).
    pub fn at(&self, x: f32, y: f32) -> Land {
        let (cx, cy) = (x - 0.5, y - 0.5);
        let (mut u, mut v) = (cx * self.cos - cy * self.sin, cx * self.sin + cy * self.cos);
        u += self.bend * v * v;
        v -= 0.6 * self.bend * u * u;
        let (column, du) = nearest(&self.columns, u);
        let (row, dv) = nearest(&self.rows, v);
        let road = match (du, dv) {
            ((a, lu), (b, lv)) if lu.main && a < lu.half() => {
                Some((a / lu.half(), true)).filter(|_| !(lv.main && b < a))
            }
            ((a, lu), (b, lv)) if a < lu.half() && !(lv.main && b < lv.half()) => {
                // At a crossing the nearer middle counts, so that kerbs stop there.
                let across = if b < lv.half() {
                    (a / lu.half()).min(b / lv.half())
                } else {
                    a / lu.half()
                };
                Some((across, false))
            }
            _ => None,
        }
        .or_else(|| (dv.0 < dv.1.half()).then(|| (dv.0 / dv.1.half(), dv.1.main)));
        let water = self.water(x, y, u, v);
        match road {
            // Main roads cross water on bridges; streets end at it.
            Some((across, true)) => return Land::MainRoad { across },
            Some((across, false)) if water <= 0.0 => return Land::Street { across },
            _ => {}
        }
        if water > 0.0 {
            return Land::Water {
                depth: (water / 0.03).min(1.0),
            };
        }
        if water > -0.018 {
            return Land::Park;
        }
        self.block(column, row, u, v)
    }

    /// How far into the water, in canvas units; negative on land.
    fn water(&self, x: f32, y: f32, u: f32, v: f32) -> f32 {
        let wobble = value(x * 5.0, y * 5.0, self.seed) - 0.5;
        let river = self.river.map_or(-1.0, |(at, half)| {
            let course = at * 0.6 + 0.16 * (value(u * 2.3 + 7.0, 0.5, self.seed) - 0.5);
            half - (v + 0.35 * u - course).abs()
        });
        let lake = self.lake.map_or(-1.0, |(lx, ly, radius)| {
            radius + 0.1 * wobble - ((x - lx) * (x - lx) + (y - ly) * (y - ly)).sqrt()
        });
        river.max(lake)
    }

    fn block(&self, column: usize, row: usize, u: f32, v: f32) -> Land {
        let (c, r) = (column as i32, row as i32);
        let kind = hash(c, r, self.seed);
        if kind < 0.2 {
            return Land::Park;
        }
        let large = kind > 0.72;
        let (Some(u0), Some(u1)) = (self.columns.get(column.wrapping_sub(1)), self.columns.get(column))
        else {
            return Land::Yard;
        };
        let (Some(v0), Some(v1)) = (self.rows.get(row.wrapping_sub(1)), self.rows.get(row)) else {
            return Land::Yard;
        };
        let margin = 0.008;
        let (left, right) = (u0.at + u0.half() + margin, u1.at - u1.half() - margin);
        let (top, bottom) = (v0.at + v0.half() + margin, v1.at - v1.half() - margin);
        if u < left || u > right || v < top || v > bottom {
            return Land::Yard;
        }
        let pitch = if large { 0.1 } else { 0.046 };
        let (nu, nv) = (
            ((right - left) / pitch).round().max(1.0),
            ((bottom - top) / pitch).round().max(1.0),
        );
        let (pu, pv) = ((u - left) / (right - left) * nu, (v - top) / (bottom - top) * nv);
        let (iu, iv) = (pu.floor(), pv.floor());
        // Small houses line the streets; the middle of their block is yards.
        let inner = iu > 0.0 && iu < nu - 1.0 && iv > 0.0 && iv < nv - 1.0;
        let lot = self.seed ^ (c as u32).wrapping_mul(77) ^ (r as u32).wrapping_mul(1313);
        let (hu, hv) = (
            hash(iu as i32, iv as i32, lot),
            hash(iv as i32, iu as i32, lot ^ 9),
        );
        if (inner && !large) || hash(iu as i32, iv as i32, lot ^ 5) < 0.1 {
            return Land::Yard;
        }
        let (fu, fv) = (pu - iu - 0.5, pv - iv - 0.5);
        let (wu, wv) = (0.30 + 0.14 * hu, 0.30 + 0.14 * hv);
        let inside = (wu - fu.abs()).min(wv - fv.abs());
        if inside < 0.0 {
            return Land::Yard;
        }
        let ridge = if wu > wv { fv } else { fu };
        Land::House {
            large,
            ridge,
            edge: inside * pitch < 0.004,
        }
    }
}

/// The index of the first line after `t`, and the distance to the nearest with that line.
fn nearest(lines: &[Line], t: f32) -> (usize, (f32, Line)) {
    let after = lines.partition_point(|l| l.at < t);
    let near = [after.wrapping_sub(1), after]
        .into_iter()
        .filter_map(|i| lines.get(i))
        .map(|l| ((l.at - t).abs(), *l))
        .min_by(|a, b| (a.0 / a.1.half()).total_cmp(&(b.0 / b.1.half())));
    (after, near.unwrap_or((f32::MAX, Line { at: 0.0, main: false })))
}
