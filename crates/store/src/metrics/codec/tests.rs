use proptest::prelude::*;

use super::*;

fn series(points: &[(u64, u64, f64, f64)]) -> Series {
    let mut s = Series::default();
    for (step, epoch, wall, value) in points {
        s.push(*step, *epoch, *wall, *value);
    }
    s
}

fn round_trip(s: &Series) -> Series {
    let mut bytes = Vec::new();
    encode(s, &mut bytes);
    let mut out = Series::default();
    let mut rest = bytes.as_slice();
    decode(&mut rest, &mut out).unwrap();
    assert!(rest.is_empty());
    out
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

proptest! {
    #[test]
    fn any_points_come_back(
        points in prop::collection::vec((any::<u64>(), any::<u64>(), 0..4_000_000_000_000_000_i64, any::<u64>()), 0..300)
    ) {
        let points: Vec<_> = points.into_iter()
            .map(|(s, e, micros, v)| (s, e, micros as f64 / 1e6, f64::from_bits(v)))
            .collect();
        let s = series(&points);
        let back = round_trip(&s);
        prop_assert_eq!(&back.steps, &s.steps);
        prop_assert_eq!(&back.epochs, &s.epochs);
        prop_assert_eq!(&back.walls, &s.walls);
        prop_assert_eq!(bits(&back.values), bits(&s.values));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut with_version = vec![1];
        with_version.extend(&bytes);
        for b in [&bytes, &with_version] {
            let mut out = Series::default();
            if decode(&mut b.as_slice(), &mut out).is_ok() {
                prop_assert_eq!(out.steps.len(), out.values.len());
            }
        }
    }

    #[test]
    fn a_cut_blob_is_an_error(cut in 0_usize..1000) {
        let points: Vec<_> = (0..100).map(|i| (i * 3, i / 10, 1.7e9 + i as f64, (i as f64).sin())).collect();
        let mut bytes = Vec::new();
        encode(&series(&points), &mut bytes);
        let cut = cut % bytes.len();
        prop_assert!(decode(&mut &bytes[..cut], &mut Series::default()).is_err());
    }
}

#[test]
fn special_values_keep_their_bits() {
    let values = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        f64::MIN_POSITIVE,
        0.1,
    ];
    let points: Vec<_> = values.iter().map(|v| (1, 1, 0.0, *v)).collect();
    assert_eq!(bits(&round_trip(&series(&points)).values), bits(&values));
}

#[test]
fn a_steady_metric_is_small() {
    let size = |value: &dyn Fn(u64) -> f64| {
        let points: Vec<_> = (0..4096)
            .map(|i| (i * 10, i / 400, 1.7e9 + i as f64 * 0.0123, value(i)))
            .collect();
        let mut bytes = Vec::new();
        encode(&series(&points), &mut bytes);
        bytes.len()
    };
    assert!(size(&|i| (i as f64).sin()) < 4096 * 11 + 128);
    assert!(size(&|i| f64::from((i as f32).sin())) < 4096 * 7 + 128);
    assert!(size(&|_| 2e-4) < 4096 * 3 + 128);
}

#[test]
fn a_point_far_too_many_is_an_error_not_an_allocation() {
    let mut bytes = vec![1];
    put_varint(&mut bytes, u64::MAX);
    assert_eq!(
        decode(&mut bytes.as_slice(), &mut Series::default()),
        Err("count out of range")
    );
}
