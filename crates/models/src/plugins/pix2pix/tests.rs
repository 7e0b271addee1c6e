use diptych_domain::spec::{DataSpec, Direction, ExperimentSpec, LogSpec, OptimSpec};
use diptych_domain::{DeviceChoice, ImagePair, Images, ParamValue, Size, TensorData, params};

use super::*;
use crate::plugin::InferMode;

fn spec(size: u32, changes: &[(&str, ParamValue)]) -> ExperimentSpec {
    let mut given: Params = [("ngf", 4), ("ndf", 4)]
        .map(|(k, v)| (k.to_owned(), ParamValue::Int(v)))
        .into();
    given.extend(changes.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    ExperimentSpec {
        model: "pix2pix".into(),
        name: None,
        seed: 7,
        data: DataSpec {
            load_size: size.into(),
            crop_size: size.into(),
            direction: Direction::AToB,
            ..DataSpec::default()
        },
        params: params::resolve("pix2pix", &Pix2Pix.params(), &given).unwrap(),
        optim: OptimSpec::default(),
        log: LogSpec::default(),
    }
}

fn text(v: &str) -> ParamValue {
    ParamValue::Text(v.into())
}

fn build(spec: &ExperimentSpec) -> Box<dyn Model> {
    Pix2Pix
        .build(&BuildContext {
            spec: spec.clone(),
            device: DeviceChoice::Cpu,
        })
        .unwrap()
}

/// A batch whose target is the input's negative: something a generator can learn.
fn batch(size: usize, seed: usize) -> ImagePair {
    let value = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0;
    let data: Vec<f32> = (0..3 * size * size).map(value).collect();
    let b = Images {
        n: 1,
        c: 3,
        h: size,
        w: size,
        data: data.iter().map(|v| -v).collect(),
    };
    ImagePair {
        a: Images { data, ..b.clone() },
        b,
        names: vec!["x".into()],
    }
}

#[test]
fn every_generator_and_discriminator_trains_and_its_losses_stay_finite() {
    for (generator, size) in [
        ("unet_32", 32),
        ("unet_64", 64),
        ("resnet_6blocks", 32),
        ("encoder_decoder", 32),
    ] {
        for (discriminator, conditional, upsampling) in
            [("n_layers", true, "nearest"), ("pixel", false, "transposed")]
        {
            let changes = [
                ("upsampling", text(upsampling)),
                ("generator", text(generator)),
                ("discriminator", text(discriminator)),
                ("n_layers", ParamValue::Int(2)),
                ("conditional", ParamValue::Bool(conditional)),
                ("gan_mode", text("lsgan")),
            ];
            let mut model = build(&spec(size, &changes));
            for step in 1..=2 {
                model
                    .train_step(&batch(size as usize, step), step as u64)
                    .unwrap();
            }
            let losses = model.losses().unwrap();
            let names: Vec<&str> = losses.iter().map(|l| l.0).collect();
            assert_eq!(names, ["G_GAN", "G_L1", "D_real", "D_fake"]);
            assert!(
                losses.iter().all(|l| l.1.is_finite() && l.1 > 0.0),
                "{generator}: {losses:?}"
            );
        }
    }
}

#[test]
fn the_l1_loss_falls_on_a_learnable_pair() {
    let mut model = build(&spec(
        32,
        &[
            ("generator", text("unet_32")),
            ("dropout", ParamValue::Bool(false)),
            ("n_layers", ParamValue::Int(2)),
            ("ngf", ParamValue::Int(16)),
        ],
    ));
    let pair = batch(32, 3);
    let l1 = |model: &mut Box<dyn Model>, step| {
        model.train_step(&pair, step).unwrap();
        model.losses().unwrap()[1].1
    };
    let first = l1(&mut model, 1);
    model.set_learning_rate(2e-3);
    let last = (2..=60).map(|s| l1(&mut model, s)).last().unwrap();
    assert!(last < 0.7 * first, "{first} -> {last}");
}

#[test]
fn l1_alone_trains_no_discriminator() {
    let s = spec(
        32,
        &[
            ("generator", text("unet_32")),
            ("lambda_gan", ParamValue::Float(0.0)),
            ("n_layers", ParamValue::Int(1)),
        ],
    );
    let mut model = build(&s);
    let before = model.weights("D").unwrap();
    model.train_step(&batch(32, 1), 1).unwrap();
    assert_eq!(
        model.losses().unwrap().iter().map(|l| l.0).collect::<Vec<_>>(),
        Pix2Pix.losses(&s.params)
    );
    assert_eq!(model.weights("D").unwrap(), before);
    model.watch(true);
    model.train_step(&batch(32, 1), 2).unwrap();
    assert_eq!(
        model.health().unwrap().iter().map(|h| h.0).collect::<Vec<_>>(),
        Pix2Pix
            .health(&s.params)
            .iter()
            .map(|d| d.name)
            .collect::<Vec<_>>()
    );
}

#[test]
fn watching_changes_nothing_and_tells_what_is_declared() {
    let s = spec(
        32,
        &[("generator", text("unet_32")), ("n_layers", ParamValue::Int(1))],
    );
    let (mut watched, mut other) = (build(&s), build(&s));
    watched.watch(true);
    watched.train_step(&batch(32, 1), 1).unwrap();
    other.train_step(&batch(32, 1), 1).unwrap();
    let health = watched.health().unwrap();
    let declared: Vec<&str> = Pix2Pix.health(&s.params).iter().map(|d| d.name).collect();
    assert_eq!(health.iter().map(|h| h.0).collect::<Vec<_>>(), declared);
    assert_eq!(other.health().unwrap().len(), 3, "gradients are not measured");
    for info in watched.state() {
        assert_eq!(
            watched.read_state(&info.name).unwrap(),
            other.read_state(&info.name).unwrap()
        );
    }
    // After the first step a first moment is half of the gradient (beta1 = 0.5).
    for network in ["G", "D"] {
        let moments = watched
            .state()
            .into_iter()
            .map(|i| i.name)
            .filter(|name| name.starts_with(&format!("optim.{network}.m.")));
        let squares: f64 = moments
            .map(|name| match watched.read_state(&name).unwrap().data {
                TensorData::F32(v) => v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>(),
                TensorData::I64(_) => 0.0,
            })
            .sum();
        let norm = health
            .iter()
            .find(|h| h.0 == format!("grad_{network}"))
            .unwrap()
            .1;
        let expected = 2.0 * squares.sqrt();
        assert!(
            expected > 0.0 && (norm - expected).abs() < 1e-5 * expected,
            "{norm} {expected}"
        );
    }
    let value = |name| health.iter().find(|h| h.0 == name).unwrap().1;
    assert!((0.0..=1.0).contains(&value("D_real")) && (0.0..=1.0).contains(&value("D_accuracy")));
}

#[test]
fn the_gan_loss_alone_computes_no_l1() {
    let s = spec(
        32,
        &[
            ("generator", text("unet_32")),
            ("lambda_l1", ParamValue::Float(0.0)),
            ("n_layers", ParamValue::Int(1)),
        ],
    );
    let mut model = build(&s);
    let before = model.weights("G").unwrap();
    model.train_step(&batch(32, 1), 1).unwrap();
    let names: Vec<&str> = model.losses().unwrap().iter().map(|l| l.0).collect();
    assert_eq!(names, ["G_GAN", "D_real", "D_fake"]);
    assert_eq!(names, Pix2Pix.losses(&s.params));
    assert_ne!(model.weights("G").unwrap(), before);
}

/// With any norm the penalty pulls the gradient's length at mixed images towards 1; without one it may grow as it likes.
#[test]
fn the_gradient_penalty_falls_and_is_left_out_without_a_weight() {
    let wgan = |norm, lambda| {
        let mut model = build(&spec(
            32,
            &[
                ("generator", text("unet_32")),
                ("gan_mode", text("wgangp")),
                ("lambda_gp", ParamValue::Float(lambda)),
                ("norm", text(norm)),
                ("ndf", ParamValue::Int(8)),
                ("n_layers", ParamValue::Int(2)),
            ],
        ));
        model.set_learning_rate(1e-3);
        let mut course = Vec::new();
        for step in 1..=40 {
            model.train_step(&batch(32, 3), step).unwrap();
            course.push(model.losses().unwrap());
        }
        course
    };
    for norm in ["batch", "instance", "none"] {
        let course = wgan(norm, 10.0);
        let penalty = |step: usize| course[step][4].1;
        assert_eq!(course[0][4].0, "D_gp");
        assert!(course.iter().flatten().all(|l| l.1.is_finite()), "{norm}");
        let late = (35..40).map(penalty).fold(0.0, f64::max);
        assert!(late < 0.5 * penalty(0), "{norm}: {} -> {late}", penalty(0));
    }
    assert_eq!(wgan("instance", 0.0)[0].len(), 4);
}

#[test]
fn a_run_from_before_a_parameter_was_declared_keeps_its_meaning() {
    let mut s = spec(
        32,
        &[("generator", text("unet_32")), ("n_layers", ParamValue::Int(1))],
    );
    let mut now = build(&s);
    for name in ["upsampling", "dropout_levels", "lambda_gp"] {
        s.params.remove(name).unwrap();
    }
    Pix2Pix.validate(&s).unwrap();
    let mut before = build(&s);
    for model in [&mut now, &mut before] {
        model.train_step(&batch(32, 1), 1).unwrap();
    }
    assert_eq!(now.losses().unwrap(), before.losses().unwrap());
    s.params.insert("lambda_l2".into(), ParamValue::Float(1.0));
    assert_eq!(
        Pix2Pix.validate(&s).unwrap_err().to_string(),
        "params.lambda_l2 = 1.0: pix2pix has no such parameter"
    );
}

#[test]
fn dropout_levels_and_upsampling_change_the_generator() {
    let names = |changes: &[(&str, ParamValue)]| {
        let model = build(&spec(
            64,
            &[
                &[("generator", text("unet_64")), ("n_layers", ParamValue::Int(1))],
                changes,
            ]
            .concat(),
        ));
        let names: Vec<String> = model.weights("G").unwrap().into_iter().map(|t| t.name).collect();
        names
    };
    let plain = names(&[]);
    assert_eq!(
        names(&[("dropout_levels", text("paper"))]),
        plain,
        "dropout has no tensors"
    );
    let resize = names(&[("upsampling", text("nearest"))]);
    assert_eq!(resize, names(&[("upsampling", text("bilinear"))]));
    // The outermost convolution comes after ReLU, upsampling and padding; the innermost one stays transposed.
    assert!(plain.contains(&"model.model.3.weight".to_owned()));
    assert!(
        resize.contains(&"model.model.5.weight".to_owned())
            && !resize.contains(&"model.model.3.weight".to_owned())
    );
    let innermost = "model.model.1.model.3.model.3.model.3.model.3.model.3.weight".to_owned();
    assert!(plain.contains(&innermost) && resize.contains(&innermost));

    let output = |levels: &str, mode| {
        let mut model = build(&spec(
            64,
            &[
                ("generator", text("unet_64")),
                ("n_layers", ParamValue::Int(1)),
                ("init_gain", ParamValue::Float(0.5)),
                ("dropout_levels", text(levels)),
            ],
        ));
        model.infer(&batch(64, 1).a, mode).unwrap()
    };
    assert_ne!(
        output("paper", InferMode::Paper),
        output("reference", InferMode::Paper)
    );
    assert_eq!(
        output("paper", InferMode::Eval),
        output("reference", InferMode::Eval)
    );
}

#[test]
fn something_must_have_a_weight() {
    let s = spec(
        256,
        &[
            ("lambda_l1", ParamValue::Int(0)),
            ("lambda_gan", ParamValue::Int(0)),
        ],
    );
    assert_eq!(
        Pix2Pix.validate(&s).unwrap_err().to_string(),
        "params.lambda_gan = 0: nothing would be trained, for lambda_l1 is 0 too; give one of them a weight"
    );
}

#[test]
fn the_state_carries_everything_so_a_copy_continues_bit_for_bit() {
    let s = spec(
        32,
        &[("generator", text("unet_32")), ("n_layers", ParamValue::Int(1))],
    );
    let (mut one, mut two) = (build(&s), build(&ExperimentSpec { seed: 7, ..s.clone() }));
    (1..=3).for_each(|step| one.train_step(&batch(32, step), step as u64).unwrap());
    for info in one.state() {
        two.write_state(&one.read_state(&info.name).unwrap()).unwrap();
    }
    for step in 4..=6 {
        one.train_step(&batch(32, step), step as u64).unwrap();
        two.train_step(&batch(32, step), step as u64).unwrap();
    }
    assert_eq!(one.losses().unwrap(), two.losses().unwrap());
    for info in one.state() {
        assert_eq!(
            one.read_state(&info.name).unwrap(),
            two.read_state(&info.name).unwrap(),
            "{}",
            info.name
        );
    }
}

#[test]
fn inference_repeats_and_leaves_no_trace() {
    let mut model = build(&spec(
        64,
        &[("generator", text("unet_64")), ("n_layers", ParamValue::Int(2))],
    ));
    let before = model.weights("G").unwrap();
    let pair = batch(64, 2);
    let both = Images {
        n: 2,
        data: [pair.a.data.clone(), pair.b.data.clone()].concat(),
        ..pair.a.clone()
    };
    for mode in [InferMode::Paper, InferMode::Eval] {
        let alone = model.infer(&pair.a, mode).unwrap();
        let together = model.infer(&both, mode).unwrap();
        assert_eq!(alone.image(0), together.image(0), "{mode:?}");
    }
    assert_eq!(model.weights("G").unwrap(), before);
}

#[test]
fn weights_of_another_architecture_are_refused_and_nothing_changes() {
    let mut model = build(&spec(
        32,
        &[("generator", text("unet_32")), ("n_layers", ParamValue::Int(1))],
    ));
    let before = model.weights("G").unwrap();
    let mut other = before.clone();
    other[0].shape = vec![5, 3, 4, 4];
    other[0].data = TensorData::F32(vec![0.0; 240]);
    let message = model.set_weights("G", &other).unwrap_err().to_string();
    assert_eq!(
        message,
        "the tensor `model.model.0.weight` has shape [5, 3, 4, 4], the network's has [4, 3, 4, 4]"
    );
    let message = model.set_weights("G", &before[1..]).unwrap_err().to_string();
    assert_eq!(message, "the tensor `model.model.0.weight` is missing");
    let message = model.set_weights("X", &before).unwrap_err().to_string();
    assert_eq!(message, "pix2pix has no network `X`; it has G and D");
    assert_eq!(model.weights("G").unwrap(), before);
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_sizes_that_do() {
    let sized = |size: Size, changes: &[(&str, ParamValue)]| {
        let mut spec = spec(1, changes);
        (spec.data.load_size, spec.data.crop_size) = (size, size);
        spec
    };
    let message = |size: u32, changes: &[(&str, ParamValue)]| {
        Pix2Pix
            .validate(&sized(size.into(), changes))
            .unwrap_err()
            .to_string()
    };
    let needs = "the generator needs multiples of 256 and continues images to them by reflection, which cannot double them: \
                 use 256, or 129 or more, for";
    assert_eq!(
        message(128, &[]),
        format!("data.crop_size = 128: {needs} each side; or generator = \"unet_128\"")
    );
    assert_eq!(
        message(100, &[]),
        format!("data.crop_size = 100: {needs} each side; or generator = \"unet_128\"")
    );
    assert_eq!(
        message(20, &[]),
        format!("data.crop_size = 20: {needs} each side; or generator = \"unet_32\"")
    );
    let wide = |width, height| Size { width, height };
    assert_eq!(
        Pix2Pix
            .validate(&sized(wide(256, 64), &[]))
            .unwrap_err()
            .to_string(),
        format!("data.crop_size = 256x64: {needs} the shorter side; or generator = \"unet_64\"")
    );
    let encoder = [("generator", text("encoder_decoder"))];
    assert_eq!(
        message(150, &encoder),
        "data.crop_size = 150: the encoder-decoder halves the image to its bottleneck, and how often is read off the size, so \
         that it is never padded: use a power of two such as 128"
    );
    // What is padded, and to what.
    let padded = |size, generator: &str| {
        let spec = sized(size, &[("generator", text(generator))]);
        Pix2Pix.validate(&spec).unwrap();
        Pix2Pix.padded(&spec)
    };
    assert_eq!(padded(200.into(), "unet_256"), Some(256.into()));
    assert_eq!(padded(wide(150, 100), "unet_64"), Some(wide(192, 128)));
    assert_eq!(padded(wide(150, 100), "resnet_6blocks"), Some(wide(152, 100)));
    assert_eq!(padded(wide(128, 64), "unet_64"), None);
    assert_eq!(padded(wide(96, 64), "encoder_decoder"), None);
    assert_eq!(
        message(
            32,
            &[("generator", text("unet_32")), ("n_layers", ParamValue::Int(4))]
        ),
        "data.crop_size = 32: a PatchGAN of 4 layers needs at least 48 pixels; use fewer params.n_layers or a larger crop"
    );
    assert!(Pix2Pix.validate(&spec(256, &[])).is_ok());
    assert!(
        Pix2Pix
            .validate(&spec(
                512,
                &[("generator", text("unet_512")), ("n_layers", ParamValue::Int(6))]
            ))
            .is_ok()
    );
}

#[test]
fn a_benchmark_takes_the_unet_of_its_size_and_has_no_identity_loss() {
    let request = |size, identity| BenchRequest {
        size: Size {
            width: size,
            height: size / 2,
        },
        width: 16,
        blocks: None,
        identity,
    };
    let find = |size| {
        let params = Pix2Pix.bench_params(&request(size, None)).unwrap();
        params
            .into_iter()
            .find(|(name, _)| *name == "generator")
            .map(|(_, v)| v)
    };
    assert_eq!((find(128), find(200)), (Some(text("unet_64")), None));
    let error = Pix2Pix.bench_params(&request(64, Some(0.5))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "identity loss = 0.5: pix2pix has no identity loss"
    );
}
