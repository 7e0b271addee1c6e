//! Large images, tile by tile, the tiles' overlaps blended.

use diptych_domain::Images;
use diptych_models::{Model, ModelError};

use super::pad::Fitter;

/// Tiles begin at multiples of this, so that layers that halve see the same phase in each.
const GRID: usize = 8;

/// Square tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// The side of a tile in pixels.
    pub size: usize,
    /// Pixels that neighbours have in common, at least; at most half of the size.
    pub overlap: usize,
}

/// A translation by tiles.
pub(super) struct Tiled {
    pub output: Images,
    pub tiles: usize,
    /// The largest mean difference between a tile and what was there before, over what they have in common: 0 where tiles agree, 1
    /// for black against white.
    pub seam: f64,
}

/// Where a tile lies along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: usize,
    to: usize,
}

/// Translates `images` (a single image) by overlapping tiles. `blind` is how many pixels inside a tile's inner border are disturbed
/// by it, half of the network's receptive field: as far as the overlap allows, they get no weight.
pub(super) fn infer(
    fitter: &mut Fitter,
    model: &mut dyn Model,
    images: &Images,
    tiling: Tiling,
    blind: usize,
) -> Result<Tiled, ModelError> {
    let (rows, columns) = (spans(images.h, tiling), spans(images.w, tiling));
    let mut sum = Images::default();
    let mut weights = vec![0.0f32; images.h * images.w];
    let mut seam: f64 = 0.0;
    for (r, row) in rows.iter().enumerate() {
        let down = ramp(&rows, r, blind);
        for (c, column) in columns.iter().enumerate() {
            let across = ramp(&columns, c, blind);
            let output = fitter.infer(model, &cut(images, *row, *column))?;
            if sum.data.is_empty() {
                sum = Images::zeros(1, output.c, images.h, images.w);
            }
            seam = seam.max(difference(
                &sum,
                &weights,
                &output,
                (*row, &down),
                (*column, &across),
            ));
            add(&mut sum, &mut weights, &output, (*row, &down), (*column, &across));
        }
    }
    for plane in sum.data.chunks_exact_mut(images.h * images.w) {
        plane.iter_mut().zip(&weights).for_each(|(v, w)| *v /= w);
    }
    Ok(Tiled {
        output: sum,
        tiles: rows.len() * columns.len(),
        seam,
    })
}

/// Tiles along an axis of `len` pixels, evenly spread, the first and the last at the ends.
fn spans(len: usize, tiling: Tiling) -> Vec<Span> {
    let Tiling { size, overlap } = tiling;
    if len < size + GRID {
        return vec![Span { from: 0, to: len }];
    }
    // Steps of no more than a multiple of the grid stay so where beginnings are rounded down to the grid.
    let stride = (size.saturating_sub(overlap) / GRID * GRID).max(GRID);
    let steps = (len - size).div_ceil(stride);
    let mut spans: Vec<Span> = (0..=steps)
        .map(|i| (len - size) * i / steps / GRID * GRID)
        .map(|from| Span {
            from,
            to: from + size,
        })
        .collect();
    spans.dedup();
    if let Some(last) = spans.last_mut() {
        last.to = len;
    }
    spans
}

/// The weight of each pixel of tile `i`: rising over what it has in common with the tile before, falling over what it has in common
/// with the tile after; nothing within `blind` pixels of an inner border, where at least a quarter of the overlap is left to blend.
fn ramp(spans: &[Span], i: usize, blind: usize) -> Vec<f32> {
    let span = spans[i];
    let mut weights = vec![1.0; span.to - span.from];
    let slope = |overlap: usize, depth: usize| {
        let margin = blind.min(overlap * 3 / 8);
        let room = (overlap - 2 * margin).max(1) as f32;
        // Weights of zero on both sides would leave a pixel without a value.
        ((depth as f32 + 0.5 - margin as f32) / room).clamp(1e-6, 1.0)
    };
    if i > 0 {
        let overlap = spans[i - 1].to.saturating_sub(span.from);
        for (depth, weight) in weights.iter_mut().take(overlap).enumerate() {
            *weight *= slope(overlap, depth);
        }
    }
    if let Some(next) = spans.get(i + 1) {
        let overlap = span.to.saturating_sub(next.from);
        for (depth, weight) in weights.iter_mut().rev().take(overlap).enumerate() {
            *weight *= slope(overlap, depth);
        }
    }
    weights
}

fn cut(images: &Images, rows: Span, columns: Span) -> Images {
    let (h, w) = (rows.to - rows.from, columns.to - columns.from);
    let mut tile = Images::zeros(1, images.c, h, w);
    for k in 0..images.c {
        for y in 0..h {
            let from = (k * images.h + rows.from + y) * images.w + columns.from;
            tile.data[(k * h + y) * w..][..w].copy_from_slice(&images.data[from..from + w]);
        }
    }
    tile
}

type Axis<'a> = (Span, &'a [f32]);

fn add(sum: &mut Images, weights: &mut [f32], tile: &Images, rows: Axis<'_>, columns: Axis<'_>) {
    let (h, w) = (sum.h, sum.w);
    for (y, wy) in rows.1.iter().enumerate() {
        for (x, wx) in columns.1.iter().enumerate() {
            let at = (rows.0.from + y) * w + columns.0.from + x;
            let weight = wy * wx;
            weights[at] += weight;
            for k in 0..tile.c {
                sum.data[k * h * w + at] += weight * tile.data[(k * tile.h + y) * tile.w + x];
            }
        }
    }
}

/// The mean difference between a tile and what is there already, each pixel by the smaller of both weights.
fn difference(sum: &Images, weights: &[f32], tile: &Images, rows: Axis<'_>, columns: Axis<'_>) -> f64 {
    let (mut total, mut mass) = (0.0, 0.0);
    for (y, wy) in rows.1.iter().enumerate() {
        for (x, wx) in columns.1.iter().enumerate() {
            let at = (rows.0.from + y) * sum.w + columns.0.from + x;
            let weight = f64::from((wy * wx).min(weights[at]));
            if weight <= 1e-4 {
                continue;
            }
            mass += weight * tile.c as f64;
            for k in 0..tile.c {
                let before = sum.data[k * sum.h * sum.w + at] / weights[at];
                let here = tile.data[(k * tile.h + y) * tile.w + x];
                total += weight * 0.5 * f64::from((before - here).abs());
            }
        }
    }
    if mass > 0.0 { total / mass } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use diptych_models::InferMode;

    use super::*;
    use crate::testing::Line;

    fn image(h: usize, w: usize) -> Images {
        let mut images = Images::zeros(1, 3, h, w);
        for (i, v) in images.data.iter_mut().enumerate() {
            *v = ((i * 7919) % 511) as f32 / 255.5 - 1.0;
        }
        images
    }

    #[test]
    fn tiles_cover_an_axis_and_overlap_by_at_least_what_is_asked() {
        for (len, size, overlap) in [
            (100, 64, 16),
            (1000, 128, 32),
            (73, 64, 32),
            (4097, 512, 100),
            (200, 16, 8),
        ] {
            let spans = spans(len, Tiling { size, overlap });
            assert_eq!((spans[0].from, spans[spans.len() - 1].to), (0, len));
            for pair in spans.windows(2) {
                assert!(pair[0].to >= pair[1].from + overlap, "{len}: {spans:?}");
                assert!(pair[0].from < pair[1].from, "{len}: {spans:?}");
            }
            assert!(spans.iter().all(|s| s.from.is_multiple_of(GRID)
                && s.to - s.from >= size
                && s.to - s.from < size + GRID));
        }
        // A strip narrower than the grid is no tile.
        for len in [50, 64, 70] {
            let tiling = Tiling { size: 64, overlap: 8 };
            assert_eq!(spans(len, tiling), [Span { from: 0, to: len }]);
        }
    }

    #[test]
    fn weights_of_neighbours_add_up_to_one_and_vanish_at_inner_borders() {
        let spans = spans(
            300,
            Tiling {
                size: 128,
                overlap: 40,
            },
        );
        let mut total = vec![0.0; 300];
        for i in 0..spans.len() {
            for (d, w) in ramp(&spans, i, 10).iter().enumerate() {
                total[spans[i].from + d] += w;
            }
        }
        assert!(total.iter().all(|t| (t - 1.0).abs() < 1e-4), "{total:?}");
        let second = ramp(&spans, 1, 10);
        assert!(second[..9].iter().all(|w| *w <= 1e-5) && ramp(&spans, 0, 10)[0] == 1.0);
    }

    #[test]
    fn a_model_that_looks_at_single_pixels_leaves_no_trace_of_tiles() {
        for (h, w) in [(70, 133), (40, 40), (64, 200)] {
            let image = image(h, w);
            let mut model = Line::new(3).multiple(4);
            let mut fitter = Fitter::new(3, InferMode::Paper);
            let whole = fitter.infer(&mut model, &image).unwrap();
            let tiling = Tiling {
                size: 48,
                overlap: 16,
            };
            let tiled = infer(&mut fitter, &mut model, &image, tiling, 20).unwrap();
            assert_eq!(tiled.tiles > 1, h > 48 || w > 48);
            let worst = tiled
                .output
                .data
                .iter()
                .zip(&whole.data)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < 1e-6 && tiled.seam < 1e-6, "{worst} {}", tiled.seam);
        }
    }
}
