//! What a training step takes from the allocator once the first steps are over. A program of its own, for it counts every allocation.

#![allow(clippy::unwrap_used)] // a panic is how a test fails
#![allow(unsafe_code)] // an allocator is an unsafe trait; this one passes everything on to the system's

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use diptych_domain::spec::{DataSpec, LogSpec, OptimSpec};
use diptych_domain::{DeviceChoice, ExperimentSpec, ImagePair, Images, ParamValue, Params, params};
use diptych_models::{BuildContext, Registry};

/// The system's allocator, counting.
struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the system's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn images(seed: u32, side: usize) -> Images {
    let values = (0..3 * side * side).map(|i| ((i as u32 * 97 + seed) % 255) as f32 / 127.5 - 1.0);
    Images {
        n: 1,
        c: 3,
        h: side,
        w: side,
        data: values.collect(),
    }
}

/// Calls and bytes of each of the first steps.
fn steps_of(model: &str, given: &[(&str, ParamValue)], side: usize) -> Vec<(usize, usize)> {
    let registry = Registry::builtin();
    let plugin = registry.get(model).unwrap();
    let given: Params = given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    let spec = ExperimentSpec {
        model: model.into(),
        name: None,
        seed: 1,
        data: DataSpec {
            load_size: (side as u32).into(),
            crop_size: (side as u32).into(),
            ..DataSpec::default()
        },
        params: params::resolve(model, &plugin.params(), &given).unwrap(),
        optim: OptimSpec::default(),
        log: LogSpec::default(),
    };
    let device = DeviceChoice::Cpu;
    let mut model = plugin.build(&BuildContext { spec, device }).unwrap();
    let batch = ImagePair {
        a: images(1, side),
        b: images(2, side),
        names: vec![String::new()],
    };
    let mut counted = Vec::new();
    for step in 1..=14 {
        let before = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        model.train_step(&batch, step).unwrap();
        model.losses().unwrap();
        let after = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        counted.push((after.0 - before.0, after.1 - before.1));
    }
    counted
}

/// The median of the calls, and of the bytes.
fn median(steps: &[(usize, usize)]) -> (usize, usize) {
    let middle = |of: fn(&(usize, usize)) -> usize| {
        let mut all: Vec<usize> = steps.iter().map(of).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    (middle(|s| s.0), middle(|s| s.1))
}

// One test: another one beside it would count too.
#[test]
fn a_steps_memory_is_that_of_the_step_before() {
    let int = ParamValue::Int;
    let text = |t: &str| ParamValue::Text(t.into());
    let pix2pix = [("generator", text("unet_64")), ("ngf", int(16)), ("ndf", int(16))];
    let cyclegan = [
        ("generator", text("resnet_6blocks")),
        ("ngf", int(8)),
        ("ndf", int(8)),
    ];
    for (model, given, side) in [("pix2pix", &pix2pix, 64), ("cyclegan", &cyclegan, 64)] {
        let steps = steps_of(model, given, side);
        println!("{model}: allocations and bytes of steps: {steps:?}");
        // A thread that takes a kind of work for the first time makes its buffers then, in whichever step that is:
        // so single steps may stand out, but neither half of the later ones.
        let (early, late) = (median(&steps[4..9]), median(&steps[9..]));
        assert!(
            late.1 * 2 < steps[0].1,
            "{model}: {} bytes, {} at first",
            late.1,
            steps[0].1
        );
        assert!(late.0.abs_diff(early.0) * 50 < early.0, "{model}: {steps:?}");
        assert!(late.1.abs_diff(early.1) * 50 < early.1, "{model}: {steps:?}");
    }
}
