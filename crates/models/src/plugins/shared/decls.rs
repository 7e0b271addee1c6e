//! Hyperparameters that several plugins declare alike.

use diptych_domain::params::{ParamDecl, ParamKind, ParamValue};

/// A declaration.
pub fn decl(name: &'static str, kind: ParamKind, default: ParamValue, doc: &'static str) -> ParamDecl {
    ParamDecl {
        name,
        kind,
        default,
        doc,
    }
}

/// One of some words.
pub fn choice(
    name: &'static str,
    words: &'static [&'static str],
    default: &str,
    doc: &'static str,
) -> ParamDecl {
    decl(
        name,
        ParamKind::Choice(words),
        ParamValue::Text(default.into()),
        doc,
    )
}

/// A loss's weight: any number from 0.
pub fn weight(name: &'static str, default: f64, doc: &'static str) -> ParamDecl {
    let kind = ParamKind::Float {
        min: 0.0,
        max: f64::INFINITY,
    };
    decl(name, kind, ParamValue::Float(default), doc)
}

/// A switch.
pub fn flag(name: &'static str, default: bool, doc: &'static str) -> ParamDecl {
    decl(name, ParamKind::Bool, ParamValue::Bool(default), doc)
}

/// The discriminator's architecture.
pub fn discriminator() -> [ParamDecl; 2] {
    [
        choice(
            "discriminator",
            &["n_layers", "pixel"],
            "n_layers",
            "PatchGAN of n_layers, or 1x1 pixels",
        ),
        decl(
            "n_layers",
            ParamKind::Int { min: 1, max: 6 },
            ParamValue::Int(3),
            "PatchGAN layers: receptive fields 16, 34, 70, 142, 286, 574",
        ),
    ]
}

/// The networks' widths.
pub fn widths() -> [ParamDecl; 2] {
    let width = |name, doc| {
        decl(
            name,
            ParamKind::Int { min: 1, max: 1024 },
            ParamValue::Int(64),
            doc,
        )
    };
    [
        width("ngf", "generator channels after the first layer"),
        width("ndf", "discriminator channels after the first layer"),
    ]
}

/// The norm of every network.
pub fn norm(default: &str) -> ParamDecl {
    choice(
        "norm",
        &["batch", "instance", "none"],
        default,
        "normalisation in every network",
    )
}

/// The adversarial loss.
pub fn gan_mode(default: &str) -> [ParamDecl; 2] {
    [
        choice(
            "gan_mode",
            &["vanilla", "lsgan", "wgangp"],
            default,
            "cross-entropy, least squares, or Wasserstein with a gradient penalty (for which norm = instance suits better than batch)",
        ),
        weight(
            "lambda_gp",
            10.0,
            "weight of wgangp's gradient penalty; 0 leaves the critic unregularised, as the reference does",
        ),
    ]
}

/// Dropout in generators.
pub fn dropout(default: bool) -> [ParamDecl; 2] {
    [
        flag(
            "dropout",
            default,
            "dropout 0.5 inside generators, also at test time",
        ),
        choice(
            "dropout_levels",
            &["reference", "paper"],
            "reference",
            "a U-Net's levels with dropout: the PyTorch reference's, or the paper's (the first three after the bottleneck); \
             encoder_decoder always has the paper's",
        ),
    ]
}

/// How generators double sides.
pub fn upsampling() -> ParamDecl {
    choice(
        "upsampling",
        &["transposed", "nearest", "bilinear"],
        "transposed",
        "how generators enlarge: transposed convolution, or upsampling and a 3x3 convolution, which leaves no checkerboard",
    )
}

/// The initial weights.
pub fn init() -> [ParamDecl; 2] {
    [
        choice(
            "init",
            &["normal", "xavier", "kaiming", "orthogonal"],
            "normal",
            "how convolutions start",
        ),
        decl(
            "init_gain",
            ParamKind::Float { min: 1e-6, max: 10.0 },
            ParamValue::Float(0.02),
            "spread of the initial weights",
        ),
    ]
}
