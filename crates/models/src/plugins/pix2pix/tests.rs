use diptych_domain::spec::{DataSpec, Direction, ExperimentSpec, LogSpec, OptimSpec};
use diptych_domain::{DeviceChoice, ImagePair, Images, ParamValue, TensorData, params};

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
            load_size: size,
            crop_size: size,
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
        for (discriminator, conditional) in [("n_layers", true), ("pixel", false)] {
            let changes = [
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
            assert_eq!(losses.iter().map(|l| l.0).collect::<Vec<_>>(), model::LOSSES);
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
    let message = |size, changes: &[(&str, ParamValue)]| {
        Pix2Pix.validate(&spec(size, changes)).unwrap_err().to_string()
    };
    assert_eq!(
        message(200, &[]),
        "data.crop_size = 200: the generator needs a multiple of 256: use 256"
    );
    assert_eq!(
        message(128, &[]),
        "data.crop_size = 128: the generator needs a multiple of 256: use 256; or generator = \"unet_128\""
    );
    assert_eq!(
        message(100, &[("generator", text("unet_32"))]),
        "data.crop_size = 100: the generator needs a multiple of 32: use 96 or 128"
    );
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
        size,
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
    assert_eq!((find(64), find(100)), (Some(text("unet_64")), None));
    let error = Pix2Pix.bench_params(&request(64, Some(0.5))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "identity loss = 0.5: pix2pix has no identity loss"
    );
}
