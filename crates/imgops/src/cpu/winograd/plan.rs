//! Which convolutions Winograd takes, and with which tile.

use std::ops::Range;

use super::matrices::{Tile, Transforms};
use crate::cpu::kernel::LANES;
use crate::cpu::padded::Canvas;
use crate::geometry::ConvGeometry;

/// Transformed weights past this size cost more to stream than the products save.
const MAX_WEIGHT_BYTES: usize = 40 << 20;

/// Bytes of transformed weights at a time, for each thread: enough that images' points are not read for each few of them.
const SHARE_BYTES: usize = 8 << 20;

/// The same where the images' points are few: they stay in the cache whatever comes between, and so do so few weights until
/// they are used.
const SMALL_SHARE_BYTES: usize = 5 << 18;

/// Bytes of images' points that are few.
const FEW_POINTS_BYTES: usize = 5 << 20;

/// A choice of transforms for one geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(super) tile: Tile,
    /// Phases in each dimension: the stride.
    pub(super) phases: usize,
    /// Bytes of transformed weights at a time, for each thread.
    pub(super) share_bytes: usize,
}

/// One phase of a strided convolution: every `s`-th pixel from `(y, x)` meets every `s`-th tap from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    pub(super) y: usize,
    pub(super) x: usize,
    /// Its first stacked input channel.
    pub(super) first: usize,
    /// Its taps in each dimension: fewer than `r` where the stride does not divide the kernel.
    pub(super) taps: (usize, usize),
    /// The points that it takes part in, in each dimension: without its last tap a phase is zero at infinity, the last point.
    pub(super) points: (usize, usize),
}

impl Plan {
    /// The plan for a geometry, if Winograd pays there.
    pub(crate) fn choose(g: &ConvGeometry) -> Option<Self> {
        if !g.wide_c.is_multiple_of(LANES) || !g.narrow_c.is_multiple_of(LANES) {
            return None; // the stages work on whole lanes; few channels do not pay for the transforms
        }
        Self::candidates(g.kernel, g.stride).find(|plan| {
            let weight_bytes = 4 * plan.points() * g.narrow_c * plan.inputs(g);
            plan.tiles(g) >= plan.least_tiles() && weight_bytes <= MAX_WEIGHT_BYTES
        })
    }

    /// The plans for a kernel and stride, the one with the fewest products first.
    pub(super) fn candidates(kernel: usize, stride: usize) -> impl Iterator<Item = Self> {
        let tiles: &[Tile] = match (kernel, stride) {
            (4 | 3, 2) => &[Tile::F42, Tile::F22],
            (4, 1) => &[Tile::F34],
            (3, 1) => &[Tile::F43],
            _ => &[],
        };
        tiles.iter().map(move |tile| Self {
            tile: *tile,
            phases: stride,
            share_bytes: SHARE_BYTES,
        })
    }

    pub(super) fn transforms(&self) -> &'static Transforms {
        self.tile.transforms()
    }

    /// Bytes of transformed weights at a time, for each thread, in products with images of so many channels.
    pub(super) fn product_share(&self, g: &ConvGeometry, channels: usize) -> usize {
        if 4 * self.points() * self.tiles(g) * channels <= FEW_POINTS_BYTES {
            self.share_bytes.min(SMALL_SHARE_BYTES)
        } else {
            self.share_bytes
        }
    }

    /// Tiles from which the products that are spared pay for transforming the weights: a stride leaves less to spare.
    fn least_tiles(&self) -> usize {
        if self.phases == 1 { 12 } else { 40 }
    }

    /// Products a tile and channel pair.
    pub(super) fn points(&self) -> usize {
        self.transforms().points() * self.transforms().points()
    }

    /// Stacked input channels: phases times wide channels, phase-major.
    pub(super) fn inputs(&self, g: &ConvGeometry) -> usize {
        self.phases * self.phases * g.wide_c
    }

    /// One of the phases, row by row.
    pub(super) fn phase(&self, g: &ConvGeometry, index: usize) -> Phase {
        let t = self.transforms();
        let (y, x) = (index / self.phases, index % self.phases);
        let taps = |offset: usize| (g.kernel - offset).div_ceil(self.phases);
        let points = |taps: usize| t.points() - usize::from(taps < t.r);
        Phase {
            y,
            x,
            first: index * g.wide_c,
            taps: (taps(y), taps(x)),
            points: (points(taps(y)), points(taps(x))),
        }
    }

    pub(super) fn all_phases(&self, g: &ConvGeometry) -> impl Iterator<Item = Phase> {
        let (plan, g) = (*self, *g);
        (0..self.phases * self.phases).map(move |index| plan.phase(&g, index))
    }

    /// One point of each kind: at infinity in neither dimension, in the second, in the first, in both.
    pub(super) fn kinds(&self) -> [usize; 4] {
        let n = self.transforms().points();
        [0, n - 1, (n - 1) * n, n * n - 1]
    }

    /// A point's kind among [`Plan::kinds`]. Whatever takes part in one takes part in all of its kind.
    pub(super) fn kind(&self, point: usize) -> usize {
        let n = self.transforms().points();
        2 * usize::from(point / n + 1 == n) + usize::from(point % n + 1 == n)
    }

    /// The stacked input channels that take part in a point, in ranges as long as can be.
    pub(super) fn live(&self, g: &ConvGeometry, point: usize) -> Vec<Range<usize>> {
        let n = self.transforms().points();
        let phases = self
            .all_phases(g)
            .filter(|phase| point / n < phase.points.0 && point % n < phase.points.1);
        let mut live: Vec<Range<usize>> = Vec::new();
        for phase in phases {
            let end = phase.first + g.wide_c;
            match live.last_mut().filter(|last| last.end == phase.first) {
                Some(last) => last.end = end,
                None => live.push(phase.first..end),
            }
        }
        live
    }

    pub(super) fn tile_rows(&self, g: &ConvGeometry) -> usize {
        g.narrow_h.div_ceil(self.transforms().m)
    }

    pub(super) fn tile_cols(&self, g: &ConvGeometry) -> usize {
        g.narrow_w.div_ceil(self.transforms().m)
    }

    /// Tiles of the batch.
    pub(super) fn tiles(&self, g: &ConvGeometry) -> usize {
        g.n * self.tile_rows(g) * self.tile_cols(g)
    }

    /// The padded wide images, large enough for tiles that overhang.
    pub(super) fn canvas(&self, g: &ConvGeometry) -> Canvas {
        let side =
            |tiles: usize| ((tiles - 1) * self.transforms().m + self.transforms().points()) * self.phases;
        Canvas::sized(g, side(self.tile_rows(g)), side(self.tile_cols(g)))
    }
}
