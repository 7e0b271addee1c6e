//! Differentiable image operations on dfdx tensors.
//!
//! dfdx 0.13 has tensors, a tape and devices, but no convolution on stable Rust. This crate adds what image-to-image
//! networks need, one folder per operation: the shape checks and the tape in `mod.rs`, each device's kernel beside it.
//! A device that implements every kernel trait is an [`ImageDevice`]; networks are generic over it and nothing else.
//!
//! All image tensors have shape `[n, c, h, w]`; the order of their values is the device's (see [`layout`]). Shape mistakes are [`OpError::Shape`], never panics.

#[macro_use]
pub mod cpu;

pub mod activation;
pub mod adam;
pub mod add;
pub mod arithmetic;
pub mod batch;
pub mod batch_norm;
pub mod concat;
pub mod conv;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod dropout;
pub mod error;
pub mod filter;
pub mod fit;
pub mod geometry;
pub mod gradient_penalty;
pub mod instance_norm;
pub mod layout;
pub mod loss;
pub mod norm_tangent;
pub mod reflection_pad;
#[doc(hidden)]
pub mod testing;
pub mod upsample;

pub use activation::{Activation, activate, activate_tangent};
pub use adam::AdamConfig;
pub use add::add_images;
pub use batch::{exchange_images, join_images, split_images};
pub use batch_norm::{BatchNormMode, batch_norm};
pub use concat::{concat_channels, concat_relu};
pub use conv::{conv_transpose2d, conv2d, reflection_pad_conv2d, residual_conv2d, skip_conv_transpose2d};
pub use device::{Flow, ImageDevice, Images4, Scalar, Vector};
pub use dropout::dropout;
pub use error::OpError;
pub use filter::Filter;
pub use fit::{fit, mirror};
pub use geometry::ConvConfig;
pub use gradient_penalty::{gradient_penalty, mix_images};
pub use instance_norm::instance_norm;
pub use layout::{download_images, upload_images};
pub use loss::{GanMode, add_losses, backward, gan_loss, l1_loss, mse_loss, weighted_mean, weighted_sum};
pub use norm_tangent::{Normalised, norm_tangent};
pub use reflection_pad::reflection_pad;
pub use upsample::{Upsampling, upsample2};
