use diptych_domain::spec::{DataSpec, Direction, LogSpec, OptimSpec};
use diptych_domain::{DeviceChoice, ImagePair, Images, params};

use super::*;
use crate::plugin::InferMode;

const SIDE: u32 = 24;

fn spec(changes: &[(&str, ParamValue)]) -> ExperimentSpec {
    let mut given: Params = [("ngf", 2), ("ndf", 2), ("n_layers", 1), ("pool_size", 2)]
        .map(|(k, v)| (k.to_owned(), ParamValue::Int(v)))
        .into();
    given.insert("generator".into(), text("resnet_6blocks"));
    given.extend(changes.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    ExperimentSpec {
        model: "cyclegan".into(),
        name: None,
        seed: 7,
        data: DataSpec {
            layout: Layout::Unaligned,
            load_size: SIDE.into(),
            crop_size: SIDE.into(),
            ..DataSpec::default()
        },
        params: params::resolve("cyclegan", &CycleGan.params(), &given).unwrap(),
        optim: OptimSpec::default(),
        log: LogSpec::default(),
    }
}

fn text(v: &str) -> ParamValue {
    ParamValue::Text(v.into())
}

fn build(spec: &ExperimentSpec) -> Box<dyn Model> {
    let context = BuildContext {
        spec: spec.clone(),
        device: DeviceChoice::Cpu,
    };
    CycleGan.build(&context).unwrap()
}

fn images(n: usize, c: usize, seed: u64) -> Images {
    let side = SIDE as usize;
    let mut images = Images::zeros(n, c, side, side);
    for (i, v) in images.data.iter_mut().enumerate() {
        *v = ((i as u64 * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0;
    }
    images
}

fn batch(n: usize, seed: u64) -> ImagePair {
    ImagePair {
        a: images(n, 3, 2 * seed),
        b: images(n, 3, 2 * seed + 1),
        names: vec!["x".into(); n],
    }
}

fn names(model: &mut Box<dyn Model>) -> Vec<&'static str> {
    model.losses().unwrap().iter().map(|l| l.0).collect()
}

#[test]
fn every_generator_and_discriminator_trains_and_its_losses_stay_finite() {
    for (generator, norm, size) in [("resnet_6blocks", "instance", SIDE), ("unet_32", "batch", 32)] {
        for (discriminator, mode) in [("n_layers", "lsgan"), ("pixel", "vanilla")] {
            let mut s = spec(&[
                ("generator", text(generator)),
                ("norm", text(norm)),
                ("discriminator", text(discriminator)),
                ("gan_mode", text(mode)),
                ("dropout", ParamValue::Bool(true)),
            ]);
            (s.data.load_size, s.data.crop_size) = (size.into(), size.into());
            let mut model = build(&s);
            let side = size as usize;
            let both = Images::zeros(2, 3, side, side);
            let pair = ImagePair {
                a: both.clone(),
                b: both,
                names: Vec::new(),
            };
            model.train_step(&pair, 1).unwrap();
            model.train_step(&pair, 2).unwrap();
            assert_eq!(names(&mut model), CycleGan.losses(&s.params));
            let losses = model.losses().unwrap();
            assert!(losses.iter().all(|l| l.1.is_finite()), "{generator}: {losses:?}");
        }
    }
}

#[test]
fn the_losses_come_in_the_references_order_and_without_identity_where_it_has_no_weight() {
    let all = ["D_A", "G_A", "cycle_A", "idt_A", "D_B", "G_B", "cycle_B", "idt_B"];
    let s = spec(&[]);
    let mut model = build(&s);
    assert!(model.losses().unwrap().is_empty());
    model.train_step(&batch(1, 1), 1).unwrap();
    assert_eq!(
        (names(&mut model), CycleGan.losses(&s.params)),
        (all.to_vec(), all.to_vec())
    );
    let s = spec(&[("lambda_identity", ParamValue::Float(0.0))]);
    let mut model = build(&s);
    model.train_step(&batch(1, 1), 1).unwrap();
    let six = ["D_A", "G_A", "cycle_A", "D_B", "G_B", "cycle_B"];
    assert_eq!(
        (names(&mut model), CycleGan.losses(&s.params)),
        (six.to_vec(), six.to_vec())
    );
}

/// The loss ablation of the paper's tables 4 and 5.
#[test]
fn each_row_of_the_papers_loss_ablation_computes_its_own_losses_and_no_others() {
    let rows: [(&str, [f64; 3], &[&str]); 5] = [
        ("cycle alone", [0.0, 10.0, 10.0], &["cycle_A", "cycle_B"]),
        ("GAN alone", [1.0, 0.0, 0.0], &["D_A", "G_A", "D_B", "G_B"]),
        (
            "GAN + forward",
            [1.0, 10.0, 0.0],
            &["D_A", "G_A", "cycle_A", "D_B", "G_B"],
        ),
        (
            "GAN + backward",
            [1.0, 0.0, 10.0],
            &["D_A", "G_A", "D_B", "G_B", "cycle_B"],
        ),
        (
            "full",
            [1.0, 10.0, 10.0],
            &["D_A", "G_A", "cycle_A", "D_B", "G_B", "cycle_B"],
        ),
    ];
    for (row, [gan, a, b], losses) in rows {
        let s = spec(&[
            ("lambda_gan", ParamValue::Float(gan)),
            ("lambda_a", ParamValue::Float(a)),
            ("lambda_b", ParamValue::Float(b)),
            ("lambda_identity", ParamValue::Float(0.0)),
        ]);
        CycleGan.validate(&s).unwrap();
        let mut model = build(&s);
        let weights = |model: &dyn Model| model::NETWORKS.map(|network| model.weights(network).unwrap());
        let before = weights(model.as_ref());
        (1..=2).for_each(|step| model.train_step(&batch(1, step), step).unwrap());
        assert_eq!(
            (names(&mut model), CycleGan.losses(&s.params)),
            (losses.to_vec(), losses.to_vec()),
            "{row}"
        );
        assert!(model.losses().unwrap().iter().all(|l| l.1.is_finite()), "{row}");
        let trained: Vec<bool> = weights(model.as_ref())
            .iter()
            .zip(&before)
            .map(|(a, b)| a != b)
            .collect();
        assert_eq!(trained, [true, true, gan > 0.0, gan > 0.0], "{row}");
        let pooled = model.read_state("pool.fake_B.count").unwrap().data;
        assert_eq!(
            pooled,
            diptych_domain::TensorData::I64(vec![if gan > 0.0 { 2 } else { 0 }]),
            "{row}"
        );
    }
}

/// Leaving a term out is the same as giving it the weight zero: the others do not notice.
#[test]
fn a_cycle_without_a_weight_leaves_the_other_losses_alone() {
    let first = |lambda_b: f64| {
        let mut model = build(&spec(&[
            ("lambda_b", ParamValue::Float(lambda_b)),
            ("lambda_identity", ParamValue::Float(0.0)),
        ]));
        model.train_step(&batch(1, 1), 1).unwrap();
        model.losses().unwrap()
    };
    let (with, without) = (first(10.0), first(0.0));
    assert_eq!(with[..5], without[..]);
}

#[test]
fn a_critic_with_a_penalty_trains() {
    let s = spec(&[
        ("gan_mode", text("wgangp")),
        ("lambda_identity", ParamValue::Float(0.0)),
    ]);
    let mut model = build(&s);
    (1..=3).for_each(|step| model.train_step(&batch(2, step), step).unwrap());
    let all = ["D_A", "gp_A", "G_A", "cycle_A", "D_B", "gp_B", "G_B", "cycle_B"];
    assert_eq!(
        (names(&mut model), CycleGan.losses(&s.params)),
        (all.to_vec(), all.to_vec())
    );
    let losses = model.losses().unwrap();
    assert!(
        losses[1].1 > 0.0 && losses.iter().all(|l| l.1.is_finite()),
        "{losses:?}"
    );
}

#[test]
fn health_tells_what_is_declared() {
    let s = spec(&[]);
    let mut model = build(&s);
    model.watch(true);
    model.train_step(&batch(2, 1), 1).unwrap();
    let health = model.health().unwrap();
    let declared: Vec<&str> = CycleGan.health(&s.params).iter().map(|d| d.name).collect();
    assert_eq!(health.iter().map(|h| h.0).collect::<Vec<_>>(), declared);
    assert!(health.iter().all(|h| h.1.is_finite()), "{health:?}");
    assert_eq!(model.receptive_field(), Some(121));
}

#[test]
fn the_cycle_losses_fall() {
    let mut model = build(&spec(&[("ngf", ParamValue::Int(8))]));
    let pair = batch(1, 3);
    let mut cycles = |step| {
        model.train_step(&pair, step).unwrap();
        let losses = model.losses().unwrap();
        model.set_learning_rate(2e-3);
        losses[2].1 + losses[6].1
    };
    let first = cycles(1);
    let last = (2..=40).map(&mut cycles).last().unwrap();
    assert!(last < 0.8 * first, "{first} -> {last}");
}

#[test]
fn the_state_carries_everything_so_a_copy_continues_bit_for_bit() {
    // Copies are made while the pools fill (2 images in) and once they are full and swap.
    for (size, until) in [(4, 2), (2, 5)] {
        let s = spec(&[
            ("pool_size", ParamValue::Int(size)),
            ("dropout", ParamValue::Bool(true)),
        ]);
        let (mut one, mut two) = (build(&s), build(&s));
        (1..=until).for_each(|step| one.train_step(&batch(1, step), step).unwrap());
        for info in one.state() {
            let tensor = one.read_state(&info.name).unwrap();
            assert_eq!((&tensor.shape, &tensor.name), (&info.shape, &info.name));
            two.write_state(&tensor).unwrap();
        }
        for step in until + 1..until + 5 {
            one.train_step(&batch(1, step), step).unwrap();
            two.train_step(&batch(1, step), step).unwrap();
        }
        assert_eq!(one.losses().unwrap(), two.losses().unwrap());
        for info in one.state() {
            let (a, b) = (
                one.read_state(&info.name).unwrap(),
                two.read_state(&info.name).unwrap(),
            );
            assert_eq!(a, b, "{}", info.name);
        }
    }
}

#[test]
fn the_pool_matters_to_the_discriminators_and_is_part_of_the_state() {
    let run = |size| {
        let mut model = build(&spec(&[("pool_size", ParamValue::Int(size))]));
        (1..=8).for_each(|step| model.train_step(&batch(1, step), step).unwrap());
        (model.weights("D_A").unwrap(), model)
    };
    let ((none, plain), (some, pooled)) = (run(0), run(1));
    assert_ne!(none, some);
    let pools = |m: &dyn Model| m.state().iter().filter(|t| t.name.starts_with("pool.")).count();
    assert_eq!((pools(plain.as_ref()), pools(pooled.as_ref())), (0, 4));
    let count = pooled.read_state("pool.fake_B.count").unwrap();
    assert_eq!(count.data, diptych_domain::TensorData::I64(vec![1]));
}

#[test]
fn channels_follow_the_direction_and_inference_is_from_a_to_b() {
    let mut s = spec(&[("lambda_identity", ParamValue::Float(0.0))]);
    (s.data.channels_a, s.data.channels_b, s.data.direction) = (1, 3, Direction::BToA);
    let mut model = build(&s);
    let pair = ImagePair {
        a: images(2, 3, 1),
        b: images(2, 1, 2),
        names: Vec::new(),
    };
    model.train_step(&pair, 1).unwrap();
    let before = model.weights("G_A").unwrap();
    for mode in [InferMode::Paper, InferMode::Eval] {
        let out = model.infer(&pair.a, mode).unwrap();
        assert_eq!(out.shape(), [2, 1, 24, 24]);
        assert_eq!(
            out.image(1),
            model.infer(&pair.a.single(1), mode).unwrap().image(0)
        );
    }
    assert_eq!(model.weights("G_A").unwrap(), before);
    let error = model.infer(&pair.b, InferMode::Paper).unwrap_err().to_string();
    assert_eq!(error, "the input has 1 channels, the model takes 3");
}

#[test]
fn probes_show_both_directions() {
    for (weight, count) in [(0.5, 6), (0.0, 4)] {
        let mut model = build(&spec(&[("lambda_identity", ParamValue::Float(weight))]));
        let pair = batch(1, 1);
        let shown = model.visuals(&pair, InferMode::Paper).unwrap();
        assert_eq!(shown.len(), count);
        let find = |role| shown.iter().find(|(r, _)| *r == role).map(|(_, i)| i.clone());
        let output = model.infer(&pair.a, InferMode::Paper).unwrap();
        assert_eq!(find("output"), Some(output));
        // The other direction is the one that G_B's weights make in G_A's place.
        let back = model.weights("G_B").unwrap();
        model.set_weights("G_A", &back).unwrap();
        let fake_a = model.infer(&pair.b, InferMode::Paper).unwrap();
        assert_eq!(find(CycleGan.reverse_visual().unwrap()), Some(fake_a.clone()));
        assert_eq!(model.infer_back(&pair.b, InferMode::Paper).unwrap(), Some(fake_a));
    }
}

#[test]
fn images_that_the_pool_cannot_hold_are_refused() {
    let mut model = build(&spec(&[]));
    let pair = ImagePair {
        a: Images::zeros(1, 3, 32, 24),
        ..batch(1, 1)
    };
    assert_eq!(
        model.train_step(&pair, 1).unwrap_err().to_string(),
        "training images of 24 x 32 pixels, where the image pool was made for 24 x 24"
    );
}

#[test]
fn unknown_networks_and_tensors_are_named() {
    let mut model = build(&spec(&[]));
    assert_eq!(
        model.weights("G").unwrap_err().to_string(),
        "cyclegan has no network `G`; it has G_A, G_B, D_A and D_B"
    );
    for name in ["pool.fake_C.count", "optim.G.t", "G_A.model.0.weight"] {
        let error = model.read_state(name).unwrap_err().to_string();
        assert_eq!(error, format!("cyclegan has no state tensor `{name}`"));
    }
    let weights = model.weights("D_A").unwrap();
    assert!(model.set_weights("D_B", &weights).is_ok());
    assert!(model.set_weights("G_B", &weights).is_err());
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let message = |s: &ExperimentSpec| CycleGan.validate(s).unwrap_err().to_string();
    let mut s = spec(&[]);
    s.data.channels_b = 1;
    assert_eq!(
        message(&s),
        "params.lambda_identity = 0.5: the identity loss gives each generator an image of its output's domain, so both \
         domains need the same number of channels, and they have 3 and 1 (data.channels_a, data.channels_b): use \
         lambda_identity = 0"
    );
    s.params.insert("lambda_identity".into(), ParamValue::Float(0.0));
    assert!(CycleGan.validate(&s).is_ok());
    let zeros = ["lambda_gan", "lambda_a", "lambda_b"].map(|name| (name, ParamValue::Float(0.0)));
    assert_eq!(
        message(&spec(&zeros)),
        "params.lambda_gan = 0: nothing would be trained, for lambda_a and lambda_b, to which the identity losses are in \
         proportion, are 0 too; give one of them a weight"
    );
    // Without cycle losses there are no identity losses either, whatever their relative weight.
    let mut gan_alone = spec(&zeros[1..]);
    gan_alone.data.channels_b = 1;
    assert!(CycleGan.validate(&gan_alone).is_ok());
    s.data.crop_size = 26.into();
    CycleGan.validate(&s).unwrap();
    assert_eq!(CycleGan.padded(&s), Some(28.into()));
    s.data.crop_size = 4.into();
    assert_eq!(
        message(&s),
        "data.crop_size = 4: the generator needs multiples of 4 and continues images to them by reflection, which cannot \
         double them: use 8, or 5 or more, for each side"
    );
    s.data.layout = Layout::Single;
    assert!(message(&s).starts_with("data.layout = single: CycleGAN trains on two domains"));
}

#[test]
fn a_benchmark_sets_widths_blocks_and_the_identity_loss() {
    let request = BenchRequest {
        size: 128.into(),
        width: 32,
        blocks: None,
        identity: None,
    };
    let width = ParamValue::Int(32);
    let plain = CycleGan.bench_params(&request).unwrap();
    assert_eq!(plain, [("ngf", width.clone()), ("ndf", width.clone())]);
    let asked = BenchRequest {
        blocks: Some(6),
        identity: Some(0.0),
        ..request
    };
    let asked = CycleGan.bench_params(&asked).unwrap();
    assert_eq!(
        asked[2..],
        [
            ("generator", text("resnet_6blocks")),
            ("lambda_identity", ParamValue::Float(0.0))
        ]
    );
}
