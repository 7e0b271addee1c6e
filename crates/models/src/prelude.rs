//! What a plugin is written with, in one import: `use diptych::plugin::*` from outside. `plugins/template` uses nothing else.

pub use dfdx;
pub use dfdx::shapes::HasShape;
pub use dfdx::tensor::{NoneTape, PutTape, SplitTape, Trace, WithEmptyTape};
pub use diptych_domain::params::{ParamDecl, ParamKind, ParamValue, Params};
pub use diptych_domain::spec::{ExperimentSpec, Layout};
pub use diptych_domain::{ImagePair, Images, NamedTensor, Size, TensorData, TensorInfo, stream_seed};
pub use diptych_imgops::{
    Activation, ConvConfig, Filter, Flow, GanMode, ImageDevice, Images4, OpError, Scalar, Upsampling,
    activate, add_images, add_losses, backward, concat_channels, conv2d, dropout, gan_loss, l1_loss,
    mse_loss, reflection_pad, reflection_pad_conv2d, residual_conv2d, skip_conv_transpose2d, upload_images,
    upsample2,
};

pub use crate::networks::layers::{Conv, ConvShape, Finish, NormLayer, Up};
pub use crate::networks::patchgan::{PatchGan, PatchGanConfig};
pub use crate::networks::pixel::PixelGan;
pub use crate::networks::resnet::{ResNet, ResNetConfig};
pub use crate::networks::unet::{UNet, UNetConfig, UNetDropout};
pub use crate::networks::{
    Discriminator, Generator, Init, Network, Norm, ParamSet, Pass, Statistics, Upscale,
};
pub use crate::plugin::{BenchRequest, BuildContext, InferMode, Model, ModelError, Plugin};
pub use crate::plugins::shared::errors::{op, setting};
pub use crate::plugins::shared::transfer::{LatestExtents, OnDevice, on_device, upload, value};
pub use crate::plugins::shared::values::{Values, resolve};
pub use crate::plugins::shared::{
    Assembled, DiscriminatorKind, GeneratorKind, NetworkSettings, Networks, Part, PartMut, Start, Trained,
    Training, decls,
};
