//! Single operations: value, and the gradient of `sum(out * weights)`.

use dfdx::shapes::HasShape;
use dfdx::tensor::{Gradients, OwnedTape, Trace};
use diptych_imgops::testing::TestDevice;
use diptych_imgops::{
    Activation, BatchNormMode, ConvConfig, Filter, GanMode, Images4, OpError, Scalar, Upsampling, activate,
    backward, batch_norm, conv_transpose2d, conv2d, gan_loss, instance_norm, reflection_pad, upsample2,
    weighted_sum,
};

use crate::archive::{Archive, relative_error};

type Taped = Images4<TestDevice, OwnedTape<f32, TestDevice>>;

fn text(e: OpError) -> String {
    e.to_string()
}

/// Compares an image-to-image operation's value and its input's gradient; returns the gradients for the parameters'.
fn compare(
    archive: &Archive,
    op: impl FnOnce(Taped) -> Result<Taped, OpError>,
) -> Result<(f64, Gradients<f32, TestDevice>), String> {
    let x = archive.images("in.x")?;
    let y = op(x.leaky_trace()).map_err(text)?;
    let want = archive.get("out")?;
    let (a, b, c, d) = *y.shape();
    if want.shape != [a, b, c, d] {
        return Err(format!("shape {:?} for {:?}", y.shape(), want.shape));
    }
    let forward = relative_error(&y.as_vec(), archive.values("out")?);
    let loss = weighted_sum(y, &archive.images("in.weights")?).map_err(text)?;
    let grads = backward(loss).map_err(text)?;
    let gradient = relative_error(&grads.get(&x).as_vec(), archive.values("grad.x")?);
    Ok((forward.max(gradient), grads))
}

fn convolution(archive: &Archive, transposed: bool) -> Result<f64, String> {
    let bias = archive.vector("in.bias")?;
    let [a, b, c, d] = archive.get("in.weight")?.shape[..] else {
        return Err("a weight has four extents".into());
    };
    let weight =
        Filter::from_public(&archive.device, [a, b, c, d], archive.values("in.weight")?).map_err(text)?;
    let mut config = ConvConfig::new(archive.count("stride")?, archive.count("padding")?);
    if transposed {
        config.output_padding = archive.count("output_padding")?;
    }
    let (error, grads) = compare(archive, |x| {
        if transposed {
            conv_transpose2d(x, &weight, Some(&bias), config)
        } else {
            conv2d(x, &weight, Some(&bias), config)
        }
    })?;
    let w = relative_error(&weight.gradient(&grads), archive.values("grad.weight")?);
    let b = relative_error(&grads.get(&bias).as_vec(), archive.values("grad.bias")?);
    Ok(error.max(w).max(b))
}

fn gan(archive: &Archive) -> Result<f64, String> {
    let mut words = archive.name.trim_start_matches("gan_loss_").split('_');
    let mode = match words.next() {
        Some("vanilla") => GanMode::Vanilla,
        Some("lsgan") => GanMode::Lsgan,
        Some("wgangp") => GanMode::Wgan,
        other => return Err(format!("GAN mode {other:?} is not understood")),
    };
    let real = match words.next() {
        Some("real") => true,
        Some("fake") => false,
        other => return Err(format!("target {other:?} is not understood")),
    };
    let x = archive.images("in.x")?;
    let scale = archive.values("in.weights")?[0];
    let loss: Scalar<TestDevice, _> = gan_loss(x.leaky_trace(), mode, real, scale).map_err(text)?;
    let value = [loss.as_vec()[0] / scale];
    let grads = backward(loss).map_err(text)?;
    let gradient = relative_error(&grads.get(&x).as_vec(), archive.values("grad.x")?);
    Ok(relative_error(&value, archive.values("out")?).max(gradient))
}

pub fn run(archive: &Archive) -> Result<f64, String> {
    let name = archive.name.as_str();
    if name.starts_with("conv2d_") {
        convolution(archive, false)
    } else if name.starts_with("conv_transpose2d_") {
        convolution(archive, true)
    } else if name.starts_with("instance_norm") {
        compare(archive, |x| instance_norm(x, None)).map(|r| r.0)
    } else if name.starts_with("batch_norm_train") {
        let (weight, bias) = (archive.vector("in.weight")?, archive.vector("in.bias")?);
        let (error, grads) = compare(archive, |x| {
            batch_norm(x, &weight, &bias, BatchNormMode::Train(None), None, true)
        })?;
        let w = relative_error(&grads.get(&weight).as_vec(), archive.values("grad.weight")?);
        let b = relative_error(&grads.get(&bias).as_vec(), archive.values("grad.bias")?);
        Ok(error.max(w).max(b))
    } else if name.starts_with("reflection_pad") {
        let padding = archive.count("padding")?;
        compare(archive, |x| reflection_pad(x, padding)).map(|r| r.0)
    } else if name.starts_with("leaky_relu") {
        let slope = archive.number("slope")? as f32;
        compare(archive, |x| activate(x, Activation::LeakyRelu(slope))).map(|r| r.0)
    } else if name.starts_with("upsample_bilinear2") {
        compare(archive, |x| upsample2(x, Upsampling::Bilinear)).map(|r| r.0)
    } else if name.starts_with("gan_loss_") {
        gan(archive)
    } else {
        Err(format!(
            "`{name}` is not understood: no operation, network or trace of that name"
        ))
    }
}
