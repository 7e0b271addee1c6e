//! The runner with a real model: pix2pix, tiny, on tiny pairs.

#![allow(clippy::unwrap_used)] // the whole file is a test, its helpers too

use std::fs;
use std::path::Path;

use diptych_data::{Dataset, Split};
use diptych_domain::spec::{DataSpec, LogSpec, OptimSpec};
use diptych_domain::{DeviceChoice, ExperimentSpec, ParamValue, Params, RunEvent, RunStatus, Size, params};
use diptych_models::{BuildContext, InferMode, Registry};
use diptych_runner::{
    CheckpointFolder, Control, Tiles, TrainOptions, TrainOutcome, TranslateOptions, bench, evaluate, train,
    translate,
};

const SIDE: u32 = 32;

/// Left: a square somewhere. Right: the same in other colours.
fn write_pairs(folder: &Path, count: u32) {
    fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let image = image::RgbImage::from_fn(2 * SIDE, SIDE, |x, y| {
            let (u, at) = (x % SIDE, (i * 5) % 20);
            let inside = (at..at + 10).contains(&u) && (at..at + 10).contains(&y);
            image::Rgb(match (x < SIDE, inside) {
                (true, true) => [255, 255, 255],
                (true, false) => [0, 0, 0],
                (false, true) => [220, 40, 40],
                (false, false) => [30, 60, 200],
            })
        });
        image.save(folder.join(format!("{i:02}.png"))).unwrap();
    }
}

fn spec(root: &Path, registry: &Registry) -> ExperimentSpec {
    let given = Params::from([
        ("generator".into(), ParamValue::Text("unet_32".into())),
        ("ngf".into(), ParamValue::Int(4)),
        ("ndf".into(), ParamValue::Int(4)),
        ("n_layers".into(), ParamValue::Int(1)),
    ]);
    let plugin = registry.get("pix2pix").unwrap();
    ExperimentSpec {
        model: "pix2pix".into(),
        name: None,
        seed: 5,
        data: DataSpec {
            root: root.to_str().unwrap().into(),
            load_size: 36.into(),
            crop_size: SIDE.into(),
            batch_size: 2,
            ..DataSpec::default()
        },
        params: params::resolve("pix2pix", &plugin.params(), &given).unwrap(),
        optim: OptimSpec {
            lr: 2e-3,
            epochs: 3,
            decay_epochs: 1,
            ..OptimSpec::default()
        },
        log: LogSpec {
            every: 1,
            images_every: 5,
            probes: 1,
            ..LogSpec::default()
        },
    }
}

/// The same for another model, size and generator.
fn sized(root: &Path, registry: &Registry, model: &str, generator: &str, size: Size) -> ExperimentSpec {
    let mut spec = spec(root, registry);
    let plugin = registry.get(model).unwrap();
    let mut given = Params::from([
        ("generator".into(), ParamValue::Text(generator.into())),
        ("ngf".into(), ParamValue::Int(2)),
        ("ndf".into(), ParamValue::Int(2)),
        ("n_layers".into(), ParamValue::Int(1)),
    ]);
    if model == "cyclegan" {
        given.insert("pool_size".into(), ParamValue::Int(3));
    }
    spec.model = model.into();
    spec.params = params::resolve(model, &plugin.params(), &given).unwrap();
    spec.data.crop_size = size;
    spec.data.load_size = Size {
        width: size.width + 6,
        height: size.height + 2,
    };
    (spec.optim.epochs, spec.optim.decay_epochs) = (2, 0);
    spec
}

#[test]
fn crops_of_any_shape_and_size_train_and_resume_to_the_bit() {
    let registry = Registry::builtin();
    let data = tempfile::tempdir().unwrap();
    write_pairs(&data.path().join("train"), 4);
    write_pairs(&data.path().join("val"), 1);
    let size = |width, height| Size { width, height };
    for (model, generator, size, output) in [
        ("pix2pix", "unet_32", size(64, 32), "output"), // as it is
        ("pix2pix", "unet_32", size(45, 20), "output"), // continued to 64 x 32
        ("cyclegan", "resnet_6blocks", size(22, 14), "rec_B"), // to 24 x 16
    ] {
        let spec = sized(data.path(), &registry, model, generator, size);
        let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let outcome = run(&registry, &spec, whole.path(), None);
        assert_eq!(
            (outcome.status, outcome.step),
            (RunStatus::Finished, 4),
            "{model}"
        );
        assert_eq!(
            run(&registry, &spec, parts.path(), Some(3)).status,
            RunStatus::Stopped
        );
        assert_eq!(run(&registry, &spec, parts.path(), None), outcome);
        let image = format!("images/step-00000004/probe-00-{output}.png");
        for name in ["checkpoints/last.safetensors", image.as_str()] {
            let read = |dir: &tempfile::TempDir| fs::read(dir.path().join(name)).unwrap();
            assert!(read(&parts) == read(&whole), "{model}: {name} differs");
        }
        let shown = image::image_dimensions(whole.path().join(&image)).unwrap();
        assert_eq!(shown, (size.width, size.height), "{model}");
        let context = BuildContext {
            spec: spec.clone(),
            device: DeviceChoice::Cpu,
        };
        let timing = bench(registry.get(model).unwrap(), &context, 1).unwrap();
        assert_eq!(timing.size, size);
    }
}

fn run(registry: &Registry, spec: &ExperimentSpec, dir: &Path, stop: Option<u64>) -> TrainOutcome {
    let options = TrainOptions::new(dir, DeviceChoice::Cpu);
    let plugin = registry.get(&spec.model).unwrap();
    train(plugin, spec, &options, &mut |e| {
        if matches!(e, RunEvent::Metrics { step, .. } if stop.is_some_and(|stop| step >= stop)) {
            options.control.request_stop();
        }
    })
    .unwrap()
}

#[test]
fn pix2pix_trains_stops_resumes_evaluates_and_translates() {
    let registry = Registry::builtin();
    let plugin = registry.get("pix2pix").unwrap();
    let data = tempfile::tempdir().unwrap();
    write_pairs(&data.path().join("train"), 7);
    write_pairs(&data.path().join("val"), 2);
    let spec = spec(data.path(), &registry);

    let whole = tempfile::tempdir().unwrap();
    let outcome = run(&registry, &spec, whole.path(), None);
    assert_eq!((outcome.status, outcome.step), (RunStatus::Finished, 16));

    let parts = tempfile::tempdir().unwrap();
    for stop in [3, 4, 9] {
        let outcome = run(&registry, &spec, parts.path(), Some(stop));
        assert_eq!((outcome.status, outcome.step), (RunStatus::Stopped, stop));
    }
    assert_eq!(run(&registry, &spec, parts.path(), None), outcome);
    for name in [
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
        "images/step-00000016/probe-00-output.png",
    ] {
        let read = |dir: &tempfile::TempDir| fs::read(dir.path().join(name)).unwrap();
        assert!(read(&parts) == read(&whole), "{name} differs");
    }

    // The best checkpoint evaluates to the score that chose it.
    let context = BuildContext {
        spec: spec.clone(),
        device: DeviceChoice::Cpu,
    };
    let mut model = plugin.build(&context).unwrap();
    let best = CheckpointFolder::new(whole.path()).best().unwrap();
    best.restore_network(model.as_mut(), plugin.generator()).unwrap();
    let val = Dataset::open(&spec.data, Split::Val).unwrap();
    let report = evaluate(model.as_mut(), &val, InferMode::Paper, None, &Control::new())
        .unwrap()
        .unwrap();
    assert_eq!(report.images.len(), 2);
    assert_eq!(Some(report.mean.l1), outcome.best);
    assert_eq!(best.meta().best, outcome.best);

    // A size that the U-Net cannot take comes back as it was.
    let input = data.path().join("odd.png");
    image::RgbImage::new(45, 20).save(&input).unwrap();
    let options = TranslateOptions {
        input,
        output: data.path().join("out"),
        channels: 3,
        mode: InferMode::Eval,
        tiles: Tiles::Auto,
        trained: SIDE as usize,
        control: Control::new(),
    };
    let report = translate(model.as_mut(), &options, &mut |_, _| {}).unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!((report.done[0].width, report.done[0].height), (45, 20));

    let timing = bench(plugin, &context, 2).unwrap();
    assert!(timing.seconds_per_step > 0.0);
}
