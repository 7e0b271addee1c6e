//! Which convolutions Winograd takes, and with which tile.

use super::matrices::{Tile, Transforms};
use crate::cpu::kernel::LANES;
use crate::cpu::padded::Canvas;
use crate::geometry::ConvGeometry;

/// Transformed weights past this size cost more to stream than the products save.
const MAX_WEIGHT_BYTES: usize = 40 << 20;

/// A choice of transforms for one geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(super) tile: Tile,
    /// Phases in each dimension: the stride.
    pub(super) phases: usize,
}

impl Plan {
    /// The plan for a geometry, if Winograd pays there.
    pub(crate) fn choose(g: &ConvGeometry) -> Option<Self> {
        if !g.wide_c.is_multiple_of(LANES) || !g.narrow_c.is_multiple_of(LANES) {
            return None; // the stages work on whole lanes; few channels do not pay for the transforms
        }
        Self::candidates(g.kernel, g.stride).find(|plan| {
            let weight_bytes = 4 * plan.points() * g.narrow_c * plan.inputs(g);
            plan.tiles(g) >= 48 && weight_bytes <= MAX_WEIGHT_BYTES
        })
    }

    /// The plans for a kernel and stride, the one with the fewest products first.
    pub(super) fn candidates(kernel: usize, stride: usize) -> impl Iterator<Item = Self> {
        let tiles: &[Tile] = match (kernel, stride) {
            (4, 2) => &[Tile::F42, Tile::F22],
            (4, 1) => &[Tile::F34],
            (3, 1) => &[Tile::F43],
            _ => &[],
        };
        tiles.iter().map(move |tile| Self {
            tile: *tile,
            phases: stride,
        })
    }

    pub(super) fn transforms(&self) -> &'static Transforms {
        self.tile.transforms()
    }

    /// Products a tile and channel pair.
    pub(super) fn points(&self) -> usize {
        self.transforms().points() * self.transforms().points()
    }

    /// Stacked input channels: phases times wide channels, phase-major.
    pub(super) fn inputs(&self, g: &ConvGeometry) -> usize {
        self.phases * self.phases * g.wide_c
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
