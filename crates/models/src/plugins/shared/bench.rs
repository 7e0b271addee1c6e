//! What a benchmark asks, as hyperparameters of [`super::NetworkSettings`].

use diptych_domain::ParamValue;

use crate::plugin::BenchRequest;

/// The widths of every network, and the generator: a ResNet of as many blocks as asked for, else `default`.
pub fn networks(request: &BenchRequest, default: Option<String>) -> Vec<(&'static str, ParamValue)> {
    let width = ParamValue::Int(request.width.into());
    let resnet = request.blocks.map(|n| format!("resnet_{n}blocks"));
    let mut params = vec![("ngf", width.clone()), ("ndf", width)];
    params.extend(
        resnet
            .or(default)
            .map(|word| ("generator", ParamValue::Text(word))),
    );
    params
}
