use super::*;

/// A smooth random image: noise of `grain` pixels, continued linearly in between.
fn texture(seed: u64, grain: usize) -> Images {
    let side = 32;
    let mut images = Images::zeros(1, 3, side, side);
    let knots = side / grain + 2;
    for plane in images.data.chunks_exact_mut(side * side).enumerate() {
        let mut rng = stream(seed, b"swd test", plane.0 as u64, grain as u64);
        let values: Vec<f32> = (0..knots * knots)
            .map(|_| below(&mut rng, 1000) as f32 / 500.0 - 1.0)
            .collect();
        for (i, v) in plane.1.iter_mut().enumerate() {
            let (y, x) = (i / side, i % side);
            let (fy, fx) = (
                (y % grain) as f32 / grain as f32,
                (x % grain) as f32 / grain as f32,
            );
            let at = |dy: usize, dx: usize| values[(y / grain + dy) * knots + x / grain + dx];
            let top = at(0, 0) * (1.0 - fx) + at(0, 1) * fx;
            let bottom = at(1, 0) * (1.0 - fx) + at(1, 1) * fx;
            *v = top * (1.0 - fy) + bottom * fy;
        }
    }
    images
}

fn set(seeds: std::ops::Range<u64>, grain: usize) -> Patches {
    let mut patches = Patches::new([3, 32, 32]).unwrap();
    seeds.for_each(|seed| patches.add(&texture(seed, grain)).unwrap());
    patches
}

#[test]
fn points_on_a_line_are_as_far_apart_as_their_sorted_order_says() {
    assert_eq!(wasserstein(&mut [3.0, 1.0], &mut [1.0, 3.0]), 0.0);
    assert_eq!(wasserstein(&mut [0.0, 0.0], &mut [1.0, 3.0]), 2.0);
    // A shift is its own distance, and sets of different sizes have one too.
    assert_eq!(wasserstein(&mut [0.0, 1.0, 5.0], &mut [2.0, 3.0, 7.0]), 2.0);
    assert_eq!(wasserstein(&mut [0.0], &mut [-1.0, 1.0, 4.0]), 2.0);
    let (mut a, mut b) = ([0.0, 1.0, 2.0], [0.5, 4.0]);
    // By hand over sixths: |0-.5| twice, |1-.5| once, |1-4| once, |2-4| twice.
    assert!((wasserstein(&mut a, &mut b) - (1.0 + 0.5 + 3.0 + 4.0) / 6.0).abs() < 1e-12);
}

#[test]
fn directions_have_length_one_and_no_preferred_way() {
    let all: Vec<Vec<f32>> = (0..400)
        .map(|i| direction(&mut stream(0, b"test    ", 0, i), 3))
        .collect();
    for d in &all {
        assert!((d.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    for k in 0..3 {
        let mean = all.iter().map(|d| d[k]).sum::<f32>() / 400.0;
        assert!(mean.abs() < 0.1, "{mean}");
    }
}

#[test]
fn a_set_is_at_no_distance_from_itself_and_the_distance_is_symmetric() {
    let (a, b) = (set(0..6, 4), set(10..16, 8));
    assert_eq!(a.distance(&a).unwrap().mean(), 0.0);
    let (there, back) = (a.distance(&b).unwrap(), b.distance(&a).unwrap());
    assert!(there.mean() > 0.0);
    assert!((there.mean() - back.mean()).abs() < 1e-9);
    assert_eq!(
        there.levels.iter().map(|(side, _)| *side).collect::<Vec<_>>(),
        [32, 16]
    );
}

#[test]
fn the_same_texture_is_nearer_than_another() {
    let reference = set(0..24, 2);
    let same = reference.distance(&set(100..124, 2)).unwrap().mean();
    let other = reference.distance(&set(100..124, 8)).unwrap().mean();
    assert!(1.5 * same < other, "{same} {other}");
}

#[test]
fn a_colour_cast_and_contrast_make_no_difference() {
    let mut cast = Patches::new([3, 32, 32]).unwrap();
    for seed in 0..6 {
        let mut image = texture(seed, 4);
        image.data.iter_mut().for_each(|v| *v = 0.5 * *v + 0.25);
        cast.add(&image).unwrap();
    }
    assert!(set(0..6, 4).distance(&cast).unwrap().mean() < 1e-5);
}

#[test]
fn other_shapes_and_empty_sets_are_refused() {
    let mut patches = set(0..1, 4);
    assert!(matches!(
        patches.add(&Images::zeros(1, 3, 32, 16)),
        Err(MetricError::Shapes { .. })
    ));
    let empty = Patches::new([3, 32, 32]).unwrap();
    assert!(matches!(
        patches.distance(&empty),
        Err(MetricError::Hollow { .. })
    ));
    let small = Patches::new([3, 16, 16]).unwrap();
    assert!(matches!(
        patches.distance(&small),
        Err(MetricError::Shapes { .. })
    ));
    assert!(Patches::new([3, 6, 32]).is_none());
}
