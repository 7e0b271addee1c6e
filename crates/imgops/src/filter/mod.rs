//! A convolution's weight, in the order that a device's kernels read. Its values leave that order only for files.

mod cpu;
#[cfg(feature = "cuda")]
mod cuda;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dfdx::tensor::{Gradients, Storage};

use crate::device::{ImageDevice, Vector};
use crate::error::OpError;

/// A device's own order of weights; shapes are `[narrow channels, wide channels, k, k]`.
pub trait FilterKernel: Storage<f32> {
    /// Values of a weight in the device's order, padding included.
    fn filter_len(shape: [usize; 4]) -> usize;

    /// The device's order from the public one.
    fn filter_from_public(shape: [usize; 4], values: &[f32]) -> Vec<f32>;

    /// The public order from the device's.
    fn filter_to_public(shape: [usize; 4], values: &[f32]) -> Vec<f32>;
}

/// A weight `[out, in, k, k]` of a convolution or `[in, out, k, k]` of a transposed one.
#[derive(Clone, Debug)]
pub struct Filter<D: Storage<f32>> {
    shape: [usize; 4],
    values: Vector<D>,
    gradient: Option<GradientBuffer<D>>,
}

/// A weight's gradient where it outlives a tape: backward passes add to it, an optimiser reads and clears it. dfdx's own
/// gradients would have to be allocated for every tape, which for a U-Net means clearing 218 MB a step to no purpose.
#[derive(Debug)]
pub struct GradientBuffer<D: Storage<f32>>(Arc<Mutex<Kept<D::Vec>>>);

/// A kept gradient. While it is fresh its values mean nothing: the first to write overwrites them, which spares a pass over
/// memory to clear them and another to add to zeros.
#[derive(Debug)]
pub struct Kept<V> {
    /// The values, in the device's order.
    pub values: V,
    fresh: bool,
}

impl<V> Kept<V> {
    /// Whether the values are to be overwritten; they count from now on.
    pub fn start(&mut self) -> bool {
        std::mem::replace(&mut self.fresh, false)
    }

    /// Makes the gradient fresh; false where it was already, and so is zero.
    pub fn finish(&mut self) -> bool {
        !std::mem::replace(&mut self.fresh, true)
    }
}

impl<D: Storage<f32>> Clone for GradientBuffer<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Storage<f32>> GradientBuffer<D> {
    /// The gradient, for as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, Kept<D::Vec>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: ImageDevice> Filter<D> {
    /// A weight of zeros.
    ///
    /// # Errors
    /// [`OpError::Device`] where the device fails.
    pub fn zeros(device: &D, shape: [usize; 4]) -> Result<Self, OpError> {
        Self::stored(device, shape, vec![0.0; D::filter_len(shape)])
    }

    /// A weight from values in the public order.
    ///
    /// # Errors
    /// [`OpError::Shape`] where the shape does not hold as many values; [`OpError::Device`] where the device fails.
    pub fn from_public(device: &D, shape: [usize; 4], values: &[f32]) -> Result<Self, OpError> {
        Self::check(shape, values)?;
        Self::stored(device, shape, D::filter_from_public(shape, values))
    }

    fn stored(device: &D, shape: [usize; 4], values: Vec<f32>) -> Result<Self, OpError> {
        let len = values.len();
        let values = device
            .try_tensor_from_vec(values, (len,))
            .map_err(OpError::device("new filter"))?;
        Ok(Self {
            shape,
            values,
            gradient: None,
        })
    }

    fn check(shape: [usize; 4], values: &[f32]) -> Result<(), OpError> {
        if shape.iter().product::<usize>() == values.len() {
            return Ok(());
        }
        let problem = format!("{} values for the shape {shape:?}", values.len());
        Err(OpError::shape("filter", problem))
    }

    /// `[narrow channels, wide channels, k, k]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// The values in the public order.
    pub fn to_public(&self) -> Vec<f32> {
        let mut stored = vec![0.0; D::filter_len(self.shape)];
        self.values.copy_into(&mut stored);
        D::filter_to_public(self.shape, &stored)
    }

    /// Sets the values, given in the public order.
    ///
    /// # Errors
    /// [`OpError::Shape`] where there are not as many.
    pub fn set_public(&mut self, values: &[f32]) -> Result<(), OpError> {
        Self::check(self.shape, values)?;
        self.values.copy_from(&D::filter_from_public(self.shape, values));
        Ok(())
    }

    /// The values in the device's order: what an optimiser updates, and what gradients are kept for.
    pub fn stored_values(&self) -> &Vector<D> {
        &self.values
    }

    /// As [`Filter::stored_values`], to be changed.
    pub fn stored_values_mut(&mut self) -> &mut Vector<D> {
        &mut self.values
    }

    /// Gives the weight a gradient of its own, fresh at first: tapes add to it from now on, and leave dfdx's gradients alone.
    ///
    /// # Errors
    /// [`OpError::Device`] where the device has no memory for it.
    pub fn keep_gradient(&mut self) -> Result<GradientBuffer<D>, OpError> {
        let values = self
            .values
            .device()
            .try_alloc_len(D::filter_len(self.shape))
            .map_err(OpError::device("filter gradient"))?;
        let buffer = GradientBuffer(Arc::new(Mutex::new(Kept { values, fresh: true })));
        self.gradient = Some(buffer.clone());
        Ok(buffer)
    }

    /// What [`Filter::keep_gradient`] made.
    pub fn kept_gradient(&self) -> Option<&GradientBuffer<D>> {
        self.gradient.as_ref()
    }

    /// The weight's gradient in the public order, from a tape's gradients. There must be one.
    pub fn gradient(&self, grads: &Gradients<f32, D>) -> Vec<f32> {
        D::filter_to_public(self.shape, &grads.get(&self.values).as_vec())
    }
}
