//! The gradient penalty of WGAN-GP: its value and its gradient for every weight of the critic.

use diptych_domain::TensorInfo;
use diptych_models::gradient_penalty::penalise;
use diptych_models::networks::{ParamSet, Upscale};
use diptych_models::optimiser::Adam;

use crate::archive::{Archive, relative_error};
use crate::nets::{self, Net, READING};

/// The weight that files are recorded with unless they say otherwise, as in the reference.
const WEIGHT: f32 = 10.0;

pub fn run(archive: &Archive) -> Result<f64, String> {
    let (kind, args) = archive.network("net")?;
    let mut params = ParamSet::new(archive.device.clone());
    let Net::Discriminator(critic) = nets::build(&mut params, kind, &args, Upscale::Transposed)? else {
        return Err(format!("{kind} is no critic"));
    };
    let text = |e: &dyn std::fmt::Display| e.to_string();
    params.write_all(&archive.under("net.")).map_err(|e| text(&e))?;
    let mut adam = Adam::new(&mut params, READING).map_err(|e| text(&e))?;
    let (real, fake) = (archive.images("in.real")?, archive.images("in.fake")?);
    let (pair, shares) = ((&real, &fake), archive.values("in.alpha")?);
    let weight = archive.number("weight").map_or(WEIGHT, |w| w as f32);
    let value = penalise(&critic, &mut params, &mut adam, pair, shares, weight).map_err(|e| text(&e))?;
    adam.step(&mut params).map_err(|e| text(&e))?;
    let error = relative_error(&value.as_vec(), archive.values("out")?);
    let mut worst = error.max(nets::gradients(archive, &params, &adam)?);
    for TensorInfo { name, .. } in params.infos() {
        if let Ok(want) = archive.values(&format!("end.{name}")) {
            let index = params.find(&name).ok_or("a tensor without a place")?;
            if let diptych_domain::TensorData::F32(got) = params.read(index).data {
                worst = worst.max(relative_error(&got, want));
            }
        }
    }
    Ok(worst)
}
