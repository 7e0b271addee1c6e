//! Reads points and makes curves of them, away from the screen.

use diptych_domain::{MetricKey, RunId};
use diptych_plots::series::{Along, Bucket, Ema, Raw, Reduced};
use diptych_store::{Home, Overview};

/// Up to so many points a curve is made of the points themselves; beyond, of their rollups.
const EXACT: u64 = 65_536;
/// Buckets of a curve of more points than that: more than a terminal has columns of dots.
const BUCKETS: usize = 2048;

/// A curve to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveRequest {
    /// The run.
    pub run: RunId,
    /// The metric.
    pub key: MetricKey,
    /// Its x axis.
    pub along: Along,
    /// The weight of the past in the moving average.
    pub smoothing: f64,
    /// The steps wanted, where the chart shows only a section of a long curve.
    pub steps: Option<(u64, u64)>,
    /// Points there were when it was asked for.
    pub points: u64,
}

/// A curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// As it was logged.
    pub raw: Reduced,
    /// Smoothed, where it is to be.
    pub smooth: Option<Reduced>,
}

/// Makes a curve.
///
/// # Errors
/// Where the points cannot be read.
pub async fn make(home: &Home, request: &CurveRequest) -> Result<Curve, String> {
    if request.points <= EXACT {
        let raw = points(home, &request.run, &request.key).await?;
        return Ok(of_points(raw, request));
    }
    let (first, last) = request.steps.unwrap_or((0, u64::MAX));
    let overview = home
        .overview(&request.run, &request.key, first..=last, BUCKETS)
        .await
        .map_err(|e| e.to_string())?;
    Ok(of_overview(&overview, request))
}

/// All points of a metric, as figures take them.
pub(super) async fn points(home: &Home, run: &RunId, key: &MetricKey) -> Result<Raw, String> {
    let series = home.metrics(run, key, ..).await.map_err(|e| e.to_string())?;
    Ok(Raw {
        steps: series.steps,
        epochs: series.epochs,
        walls: series.walls,
        values: series.values,
    })
}

fn of_points(raw: Raw, request: &CurveRequest) -> Curve {
    let smooth = (request.smoothing > 0.0).then(|| section(&raw, request, request.smoothing));
    Curve {
        raw: section(&raw, request, 0.0),
        smooth,
    }
}

/// The section that is shown, smoothed by all that comes before it.
fn section(raw: &Raw, request: &CurveRequest, smoothing: f64) -> Reduced {
    let Some((first, last)) = request.steps else {
        return Reduced::of(raw, &request.along, smoothing);
    };
    let mut ema = Ema::new(smoothing);
    let values: Vec<f64> = raw.values.iter().map(|v| ema.push(*v)).collect();
    // A neighbour on either side, so that lines reach the edges.
    let from = raw.steps.partition_point(|s| *s < first).saturating_sub(1);
    let to = (raw.steps.partition_point(|s| *s <= last) + 1).min(values.len());
    let part = Raw {
        steps: raw.steps[from..to].to_vec(),
        epochs: raw.epochs[from..to].to_vec(),
        walls: raw.walls[from..to].to_vec(),
        values: values[from..to].to_vec(),
    };
    Reduced::of(&part, &request.along, 0.0)
}

/// Of rollups the mean of each bucket counts as often as it has points: `w^n` is left of the past.
fn of_overview(overview: &Overview, request: &CurveRequest) -> Curve {
    let mut raw = Reduced {
        points: overview.points(),
        ..Reduced::default()
    };
    let mut smooth = Reduced {
        points: raw.points,
        ..Reduced::default()
    };
    let (mut mean, mut left) = (0.0, 1.0);
    for b in &overview.buckets {
        let middle = |low: f64, high: f64| low + (high - low) / 2.0;
        let x = middle(
            request.along.place(b.steps.0, b.epochs.0, b.walls.0),
            request.along.place(b.steps.1, b.epochs.1, b.walls.1),
        );
        let bucket = |min: f64, max: f64, value: f64, n: u64| Bucket {
            step: b.steps.0,
            x,
            n,
            sum: value * n as f64,
            min,
            x_min: x,
            max,
            x_max: x,
        };
        raw.not_finite += b.points - b.finite;
        let filled = |v: f64| if b.finite > 0 { v } else { 0.0 };
        raw.buckets
            .push(bucket(filled(b.min), filled(b.max), filled(b.mean), b.finite));
        if request.smoothing > 0.0 && b.finite > 0 {
            let past = request.smoothing.powf(b.finite as f64);
            mean = past * mean + (1.0 - past) * b.mean;
            left *= past;
            let value = mean / (1.0 - left);
            smooth.buckets.push(bucket(value, value, value, b.finite));
        }
    }
    Curve {
        raw,
        smooth: (request.smoothing > 0.0).then_some(smooth),
    }
}

#[cfg(test)]
mod tests {
    use diptych_plots::spec::XAxis;

    use super::*;

    fn request(smoothing: f64, steps: Option<(u64, u64)>) -> CurveRequest {
        CurveRequest {
            run: RunId::from_stored("0"),
            key: MetricKey::loss("a"),
            along: Along {
                axis: XAxis::Step,
                began: 0.0,
                steps_per_epoch: None,
            },
            smoothing,
            steps,
            points: 0,
        }
    }

    fn raw(n: u64) -> Raw {
        Raw {
            steps: (0..n).collect(),
            epochs: vec![1; n as usize],
            walls: (0..n).map(|s| s as f64).collect(),
            values: (0..n)
                .map(|s| (s as f64 * 0.01).sin() + if s == 777 { 50.0 } else { 0.0 })
                .collect(),
        }
    }

    #[test]
    fn a_section_is_smoothed_by_what_comes_before_it() {
        let whole = of_points(raw(2000), &request(0.9, None)).smooth.unwrap();
        let part = of_points(raw(2000), &request(0.9, Some((1000, 1100))))
            .smooth
            .unwrap();
        let at = |r: &Reduced, x: f64| r.buckets.iter().find(|b| b.x == x).map(Bucket::mean);
        assert_eq!(at(&whole, 1050.0), at(&part, 1050.0));
        assert_eq!(
            (part.buckets[0].x, part.buckets.last().unwrap().x),
            (999.0, 1101.0)
        );
    }

    #[test]
    fn rollups_keep_spikes_and_come_near_the_exact_average() {
        let points = raw(4000);
        let buckets = points.steps.chunks(64).map(|steps| {
            let point = |s: &u64| diptych_store::Bucket::point(*s, 1, *s as f64, points.values[*s as usize]);
            let mut all = steps.iter().map(point);
            let mut first = all.next().unwrap();
            all.for_each(|p| first.merge(&p));
            first
        });
        let overview = Overview {
            buckets: buckets.collect(),
            exact: false,
        };
        let curve = of_overview(&overview, &request(0.99, None));
        assert!(curve.raw.buckets.iter().any(|b| b.max > 49.0));
        assert_eq!(curve.raw.points, 4000);
        let exact = of_points(points, &request(0.99, None)).smooth.unwrap();
        let last = |r: &Reduced| r.buckets.last().map(Bucket::mean).unwrap();
        assert!((last(&curve.smooth.unwrap()) - last(&exact)).abs() < 0.1);
    }
}
