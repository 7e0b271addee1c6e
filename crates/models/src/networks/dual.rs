//! Dual numbers: a value and, in first order, how it changes along some direction. A pass of both through a network gives the
//! network's derivative along that direction; since it is built of tape operations, its own gradient for the weights can be
//! taken, which is what a gradient penalty needs (reverse over forward differentiation).

use diptych_imgops::{ImageDevice, Images4};

/// A value and its derivative along a direction, each on a tape or on none.
pub(crate) struct Dual<D: ImageDevice, V, T> {
    pub(crate) value: Images4<D, V>,
    pub(crate) tangent: Images4<D, T>,
}
