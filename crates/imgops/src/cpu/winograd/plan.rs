//! Which convolutions Winograd takes, and with which tile.

use std::sync::LazyLock;

use super::matrices::Transforms;
use crate::cpu::kernel::LANES;
use crate::cpu::padded::Canvas;
use crate::geometry::ConvGeometry;

/// Sixteen products become nine; for two-tap phases with few tiles.
static F22: LazyLock<Transforms> = LazyLock::new(|| Transforms::new(2, 2, &[0.0, -1.0]));
/// Sixty-four products become twenty-five.
static F42: LazyLock<Transforms> = LazyLock::new(|| Transforms::new(4, 2, &[0.0, 1.0, -1.0, 0.5]));
/// A hundred and forty-four products become thirty-six; the points are the most accurate of those tried.
static F34: LazyLock<Transforms> = LazyLock::new(|| Transforms::new(3, 4, &[0.0, 0.75, -0.75, 1.5, -1.5]));
/// The same for 3x3 kernels.
static F43: LazyLock<Transforms> = LazyLock::new(|| Transforms::new(4, 3, &[0.0, 0.75, -0.75, 1.5, -1.5]));

/// Transformed weights past this size cost more to stream than the products save.
const MAX_WEIGHT_BYTES: usize = 24 << 20;

/// A choice of transforms for one geometry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(super) transforms: &'static Transforms,
    /// Phases in each dimension: the stride.
    pub(super) phases: usize,
}

impl Plan {
    /// The plan for a geometry, if Winograd pays there.
    pub(crate) fn choose(g: &ConvGeometry) -> Option<Self> {
        let candidates: &[&'static LazyLock<Transforms>] = match (g.kernel, g.stride) {
            (4, 2) => &[&F42, &F22],
            (4, 1) => &[&F34],
            (3, 1) => &[&F43],
            _ => &[],
        };
        if g.wide_c % LANES != 0 || g.narrow_c % LANES != 0 {
            return None; // the stages work on whole lanes; few channels do not pay for the transforms
        }
        candidates
            .iter()
            .map(|t| Self {
                transforms: t,
                phases: g.stride,
            })
            .find(|plan| {
                let weight_bytes = 4 * plan.points() * g.narrow_c * plan.inputs(g);
                plan.tiles(g) >= 48 && weight_bytes <= MAX_WEIGHT_BYTES
            })
    }

    #[cfg(test)]
    pub(super) fn all_for(kernel: usize, stride: usize) -> Vec<Self> {
        let transforms: Vec<&'static Transforms> = match (kernel, stride) {
            (4, 2) => vec![&F42, &F22],
            (4, 1) => vec![&F34],
            (3, 1) => vec![&F43],
            _ => Vec::new(),
        };
        transforms
            .into_iter()
            .map(|transforms| Self {
                transforms,
                phases: stride,
            })
            .collect()
    }

    /// Products a tile and channel pair.
    pub(super) fn points(&self) -> usize {
        self.transforms.points() * self.transforms.points()
    }

    /// Stacked input channels: phases times wide channels, phase-major.
    pub(super) fn inputs(&self, g: &ConvGeometry) -> usize {
        self.phases * self.phases * g.wide_c
    }

    pub(super) fn tile_rows(&self, g: &ConvGeometry) -> usize {
        g.narrow_h.div_ceil(self.transforms.m)
    }

    pub(super) fn tile_cols(&self, g: &ConvGeometry) -> usize {
        g.narrow_w.div_ceil(self.transforms.m)
    }

    /// Tiles of the batch.
    pub(super) fn tiles(&self, g: &ConvGeometry) -> usize {
        g.n * self.tile_rows(g) * self.tile_cols(g)
    }

    /// The padded wide images, large enough for tiles that overhang.
    pub(super) fn canvas(&self, g: &ConvGeometry) -> Canvas {
        let side = |tiles: usize| ((tiles - 1) * self.transforms.m + self.transforms.points()) * self.phases;
        Canvas::sized(g, side(self.tile_rows(g)), side(self.tile_cols(g)))
    }
}
