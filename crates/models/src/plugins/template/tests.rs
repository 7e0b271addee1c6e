use diptych_domain::DeviceChoice;
use diptych_domain::spec::{DataSpec, LogSpec, OptimSpec};

use super::*;
use crate::Registry;

fn spec(layout: Layout, changes: &[(&str, ParamValue)]) -> ExperimentSpec {
    let params = changes.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
    ExperimentSpec {
        model: "template".into(),
        name: None,
        seed: 7,
        data: DataSpec {
            layout,
            channels_b: 1,
            ..DataSpec::default()
        },
        params: params.collect(),
        optim: OptimSpec::default(),
        log: LogSpec::default(),
    }
}

fn build(spec: &ExperimentSpec) -> Box<dyn Model> {
    let context = BuildContext {
        spec: spec.clone(),
        device: DeviceChoice::Cpu,
    };
    Template.build(&context).unwrap()
}

/// Images of 12 x 10 pixels; the target is the negative of the first channel, or nothing.
fn batch(seed: usize, paired: bool) -> ImagePair {
    let mut a = Images::zeros(2, 3, 12, 10);
    for (i, v) in a.data.iter_mut().enumerate() {
        *v = ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0;
    }
    let mut b = Images::default();
    if paired {
        b = Images::zeros(2, 1, 12, 10);
        for (to, from) in b.data.chunks_mut(120).zip(a.data.chunks(360)) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = -from);
        }
    }
    ImagePair {
        a,
        b,
        names: Vec::new(),
    }
}

#[test]
fn it_is_declared_soundly_and_its_losses_are_the_declared_ones() {
    Registry::builtin().with(Template).check().unwrap();
    let s = spec(Layout::Aligned, &[]);
    let mut model = build(&s);
    assert!(model.losses().unwrap().is_empty());
    model.train_step(&batch(1, true), 1).unwrap();
    let names: Vec<&str> = model.losses().unwrap().iter().map(|l| l.0).collect();
    assert_eq!(names, Template.losses(&s.params));
}

#[test]
fn it_learns_pairs_and_single_images() {
    for (layout, loss) in [(Layout::Aligned, "l1"), (Layout::Single, "l2")] {
        let mut model = build(&spec(layout, &[("loss", ParamValue::Text(loss.into()))]));
        model.set_learning_rate(5e-3);
        let mut losses = (1..=60).map(|step| {
            model
                .train_step(&batch(3, layout == Layout::Aligned), step)
                .unwrap();
            model.losses().unwrap()[0].1
        });
        let (first, last) = (losses.next().unwrap(), losses.last().unwrap());
        assert!(last < 0.5 * first, "{layout:?}: {first} -> {last}");
    }
}

#[test]
fn the_state_carries_everything_so_a_copy_continues_bit_for_bit() {
    let s = spec(Layout::Aligned, &[("norm", ParamValue::Text("batch".into()))]);
    let (mut one, mut two) = (build(&s), build(&s));
    (1..=3).for_each(|step| one.train_step(&batch(step, true), step as u64).unwrap());
    for info in one.state() {
        two.write_state(&one.read_state(&info.name).unwrap()).unwrap();
    }
    for model in [&mut one, &mut two] {
        model.train_step(&batch(4, true), 4).unwrap();
    }
    assert_eq!(one.losses().unwrap(), two.losses().unwrap());
    assert_eq!(one.weights("G").unwrap(), two.weights("G").unwrap());
    assert_eq!(
        one.weights("D").unwrap_err().to_string(),
        "template has no network `D`; it has G"
    );
}

#[test]
fn it_translates_any_size_and_says_which_layouts_it_takes() {
    let mut model = build(&spec(Layout::Aligned, &[]));
    let out = model.infer(&Images::zeros(1, 3, 7, 5), InferMode::Paper).unwrap();
    assert_eq!(out.shape(), [1, 1, 7, 5]);
    let error = Template.validate(&spec(Layout::Unaligned, &[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data.layout = unaligned: it needs a target for each input: use \"aligned\", or \"single\" to reproduce images"
    );
}
