//! As much of a curve as its width shows.

use super::reduce::Reduced;

/// A piece of a curve without gaps: places and values, in order.
pub type Strand = Vec<[f64; 2]>;

/// The curve between two places in `columns` columns: of every column that several points fall into, the smallest and the largest
/// value, in their order. A line through these covers the same pixels as one through all points. Gaps, where nothing was finite, part
/// the curve. What lies outside is left out but for the nearest point on either side, so that lines reach the edge.
pub fn decimate(series: &Reduced, from: f64, to: f64, columns: usize) -> Vec<Strand> {
    let width = ((to - from) / columns.max(1) as f64).max(f64::MIN_POSITIVE);
    let first = series.buckets.partition_point(|b| b.x < from).saturating_sub(1);
    let end = (series.buckets.partition_point(|b| b.x <= to) + 1).min(series.buckets.len());
    let inside = series.buckets.get(first..end).unwrap_or_default();
    // Where columns are wide enough for every bucket there is nothing to leave out.
    let sparse = inside.len() <= columns;
    let mut strands: Vec<Strand> = Vec::new();
    let mut strand: Strand = Vec::new();
    let mut column: Option<(f64, [[f64; 2]; 2])> = None;
    let flush = |strand: &mut Strand, column: &mut Option<(f64, [[f64; 2]; 2])>| {
        if let Some((_, [low, high])) = column.take() {
            let (a, b) = if low[0] <= high[0] {
                (low, high)
            } else {
                (high, low)
            };
            strand.push(a);
            if b != a {
                strand.push(b);
            }
        }
    };
    for bucket in inside {
        if bucket.n == 0 {
            flush(&mut strand, &mut column);
            if !strand.is_empty() {
                strands.push(std::mem::take(&mut strand));
            }
            continue;
        }
        let (low, high) = ([bucket.x_min, bucket.min], [bucket.x_max, bucket.max]);
        let place = if sparse {
            bucket.x
        } else {
            ((bucket.x - from) / width).floor()
        };
        match &mut column {
            Some((current, ends)) if *current == place && !sparse => {
                if low[1] < ends[0][1] {
                    ends[0] = low;
                }
                if high[1] > ends[1][1] {
                    ends[1] = high;
                }
            }
            _ => {
                flush(&mut strand, &mut column);
                column = Some((place, [low, high]));
            }
        }
    }
    flush(&mut strand, &mut column);
    if !strand.is_empty() {
        strands.push(strand);
    }
    strands
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Raw;
    use super::super::axis::Along;
    use super::*;
    use crate::spec::XAxis;

    fn reduced(values: &[f64]) -> Reduced {
        let steps: Vec<u64> = (1..=values.len() as u64).collect();
        let raw = Raw {
            epochs: steps.clone(),
            walls: vec![0.0; values.len()],
            steps,
            values: values.to_vec(),
        };
        let along = Along {
            axis: XAxis::Step,
            began: 0.0,
            steps_per_epoch: None,
        };
        Reduced::of(&raw, &along, 0.0)
    }

    #[test]
    fn gaps_part_the_curve() {
        let strands = decimate(&reduced(&[1.0, 2.0, f64::NAN, f64::INFINITY, 5.0]), 0.0, 6.0, 100);
        assert_eq!(strands, [vec![[1.0, 1.0], [2.0, 2.0]], vec![[5.0, 5.0]]]);
        assert!(decimate(&reduced(&[f64::NAN]), 0.0, 6.0, 100).is_empty());
        assert!(decimate(&reduced(&[]), 0.0, 6.0, 100).is_empty());
    }

    #[test]
    fn what_is_outside_is_left_out_but_for_the_neighbours() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        let strands = decimate(&reduced(&values), 4.0, 6.0, 100);
        let steps: Vec<f64> = strands[0].iter().map(|p| p[0]).collect();
        assert_eq!(steps, [3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn one_point_is_one_point() {
        assert_eq!(decimate(&reduced(&[7.0]), 1.0, 1.0, 100), [vec![[1.0, 7.0]]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_columns_extremes_are_kept(values in prop::collection::vec(-1e3..1e3_f64, 600..9000), columns in 10..300_usize) {
            let (from, to) = (1.0, values.len() as f64);
            let strands = decimate(&reduced(&values), from, to, columns);
            prop_assert_eq!(strands.len(), 1);
            prop_assert!(strands[0].len() <= 2 * (columns + 1));
            prop_assert!(strands[0].is_sorted_by(|a, b| a[0] <= b[0]));
            for p in &strands[0] {
                prop_assert_eq!(values[p[0] as usize - 1], p[1], "a point that was logged");
            }
            if values.len() <= super::super::reduce::MOST {
                let column = |x: f64| ((x - from) / ((to - from) / columns as f64)).floor() as i64;
                for c in 0..columns as i64 {
                    let all = (1..=values.len()).filter(|s| column(*s as f64) == c).map(|s| values[s - 1]);
                    let kept = strands[0].iter().filter(|p| column(p[0]) == c).map(|p| p[1]);
                    let span = |i: &mut dyn Iterator<Item = f64>| i.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
                    prop_assert_eq!(span(&mut all.into_iter()), span(&mut kept.into_iter()));
                }
            }
        }
    }
}
