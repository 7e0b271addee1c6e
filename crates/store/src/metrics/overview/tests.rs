use diptych_domain::{MetricKey, RunEvent, RunId, RunStatus};

use super::*;
use crate::Home;
use crate::testing::{ended, home, run, started, values, writer};

const KEY: &str = "loss/G";

async fn logged(home: &Home, name: &str, points: impl IntoIterator<Item = (u64, f64)>) -> RunId {
    let id = run(home, name).await;
    let writer = writer(home, &id).await;
    let logger = writer.logger();
    logger.log(started(0));
    let mut last = 0;
    for (step, value) in points {
        logger.log(values(step, &[(KEY, value)]));
        last = step;
    }
    logger.log(ended(RunStatus::Finished, last));
    writer.close().unwrap();
    id
}

/// A spike at step 54321, NaN from 80000 to 80099.
fn curve(step: u64) -> f64 {
    match step {
        54_321 => 1000.0,
        80_000..80_100 => f64::NAN,
        _ => (step as f64 / 5000.0).sin(),
    }
}

async fn overview(home: &Home, id: &RunId, steps: impl RangeBounds<u64>, most: usize) -> Overview {
    home.overview(id, &MetricKey::new(KEY), steps, most)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_spike_among_many_points_is_in_its_column() {
    let (_dir, home) = home().await;
    let id = logged(&home, "many", (0..100_000).map(|s| (s, curve(s)))).await;
    for most in [1, 7, 400, 1500, 2000] {
        let all = overview(&home, &id, .., most).await;
        assert!(all.buckets.len() <= most && !all.exact, "{most}");
        assert_eq!(all.points(), 100_000, "{most}");
        assert_eq!(all.buckets.iter().map(|b| b.finite).sum::<u64>(), 99_900);
        let spikes: Vec<&Bucket> = all.buckets.iter().filter(|b| b.max == 1000.0).collect();
        assert_eq!(spikes.len(), 1, "{most}");
        assert!((spikes[0].steps.0..=spikes[0].steps.1).contains(&54_321));
        assert!(
            all.buckets.windows(2).all(|w| w[0].steps.1 < w[1].steps.0),
            "{most}"
        );
        let ends = (all.buckets[0].first, all.buckets.last().unwrap().last);
        assert_eq!(ends, (curve(0), curve(99_999)));
    }
}

#[tokio::test]
async fn rollups_agree_with_the_points_they_stand_for() {
    let (_dir, home) = home().await;
    let id = logged(&home, "both", (0..50_000).map(|s| (s * 2, curve(s)))).await;
    let coarse = overview(&home, &id, .., 100).await; // 500 points a bucket: from rollups
    let exact = merge(
        rollup::points(&home.metrics(&id, &MetricKey::new(KEY), ..).await.unwrap()).collect(),
        100,
    );
    assert_eq!(coarse.buckets.len(), exact.len());
    for (a, b) in coarse.buckets.iter().zip(&exact) {
        assert!(
            a.steps.0.abs_diff(b.steps.0) <= 512,
            "{:?} {:?}",
            a.steps,
            b.steps
        );
        assert!(
            (a.mean - b.mean).abs() < 0.05 * 1000.0_f64.max(b.mean),
            "{a:?} {b:?}"
        );
    }
}

#[tokio::test]
async fn few_points_are_given_as_they_are_and_ranges_are_kept() {
    let (_dir, home) = home().await;
    let id = logged(&home, "few", (0..100_000).map(|s| (s, curve(s)))).await;
    let part = overview(&home, &id, 54_300..54_400, 200).await;
    assert!(part.exact);
    assert_eq!(part.buckets.len(), 100);
    assert_eq!(
        (part.buckets[21].first, part.buckets[21].steps),
        (1000.0, (54_321, 54_321))
    );
    let part = overview(&home, &id, 10_000..20_000, 200).await; // 50 a bucket: points
    assert_eq!((part.points(), part.buckets[0].steps.0), (10_000, 10_000));
    let part = overview(&home, &id, 10_000..=70_000, 200).await; // rollups: within 256 points of the ends
    assert!(part.points().abs_diff(60_001) <= 512, "{}", part.points());
    assert!(overview(&home, &id, 200_000.., 200).await.buckets.is_empty());
    assert!(overview(&home, &id, 5..5, 200).await.buckets.is_empty());
    let never = home
        .overview(&id, &MetricKey::new("never"), .., 10)
        .await
        .unwrap();
    assert!(never.buckets.is_empty());
}

#[tokio::test]
async fn a_live_run_is_covered_to_its_newest_point() {
    let (_dir, home) = home().await;
    let id = run(&home, "live").await;
    let writer = writer(&home, &id).await;
    let logger = writer.logger();
    logger.log(started(0));
    (0..40_000).for_each(|s| logger.log(values(s, &[(KEY, s as f64)])));
    writer.flush().unwrap();
    (40_000..40_010).for_each(|s| logger.log(values(s, &[(KEY, s as f64)])));
    writer.flush().unwrap();
    let all = overview(&home, &id, .., 10).await;
    assert_eq!(
        (all.points(), all.buckets.last().unwrap().last),
        (40_010, 40_009.0)
    );
    writer.close().unwrap();
}

#[tokio::test]
async fn a_rewind_takes_the_rollups_with_it() {
    let (_dir, home) = home().await;
    let id = logged(&home, "back", (0..60_000).map(|s| (s, 1.0))).await;
    let writer = writer(&home, &id).await;
    let logger = writer.logger();
    logger.log(started(30_000));
    (30_001..40_000).for_each(|s| logger.log(values(s, &[(KEY, 2.0)])));
    logger.log(ended(RunStatus::Finished, 40_000));
    writer.close().unwrap();
    let all = overview(&home, &id, .., 50).await;
    assert_eq!(all.points(), 40_000);
    assert_eq!(all.buckets.last().unwrap().min, 2.0);
    assert!(
        all.buckets
            .iter()
            .take_while(|b| b.steps.1 <= 30_000)
            .all(|b| b.max == 1.0)
    );
}

#[tokio::test]
async fn points_without_rollups_are_decoded() {
    let (_dir, home) = home().await;
    let id = logged(&home, "old", (0..100_000).map(|s| (s, curve(s)))).await;
    let with = overview(&home, &id, .., 100).await;
    sqlx::query("DELETE FROM rollups")
        .execute(&home.pool)
        .await
        .unwrap();
    let without = overview(&home, &id, .., 100).await;
    assert_eq!((with.points(), without.points()), (100_000, 100_000));
    assert_eq!(with.buckets.len(), without.buckets.len());
}

#[tokio::test]
async fn damage_names_the_place() {
    let (_dir, home) = home().await;
    let id = logged(&home, "hurt", (0..100_000).map(|s| (s, curve(s)))).await;
    sqlx::query("UPDATE rollups SET data = x'0105' WHERE seq = 3")
        .execute(&home.pool)
        .await
        .unwrap();
    let error = home
        .overview(&id, &MetricKey::new(KEY), .., 10)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("rollup of chunk 3"), "{error}");
}

#[tokio::test]
async fn two_points_of_a_step_are_both_there() {
    let (_dir, home) = home().await;
    let id = run(&home, "twice").await;
    let writer = writer(&home, &id).await;
    let logger = writer.logger();
    let at = |step, v| RunEvent::Metrics {
        step,
        epoch: 0,
        wall: 1e9,
        values: vec![(MetricKey::new(KEY), v)],
    };
    [at(5, 1.0), at(5, 3.0), at(2, 7.0)]
        .into_iter()
        .for_each(|e| logger.log(e));
    writer.close().unwrap();
    let all = overview(&home, &id, .., 10).await;
    let steps: Vec<(u64, f64)> = all.buckets.iter().map(|b| (b.steps.0, b.first)).collect();
    assert_eq!(steps, [(2, 7.0), (5, 1.0), (5, 3.0)]);
    let one = overview(&home, &id, .., 1).await;
    assert_eq!(
        (one.buckets[0].min, one.buckets[0].max, one.points()),
        (1.0, 7.0, 3)
    );
}
