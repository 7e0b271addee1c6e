//! The system view.

use diptych_domain::MetricKey;

use super::change;
use crate::testing::Bench;

#[test]
fn all_strips_of_a_run_have_room() {
    for width in [80, 120, 200] {
        let mut bench = Bench::full(width, 24);
        change(&mut bench, |run| {
            let Some(accuracy) = run.metrics.remove(&MetricKey::new("health/D_accuracy")) else {
                return;
            };
            for key in ["D_accuracy_A", "D_accuracy_B", "diversity_B"] {
                let mut value = accuracy;
                value.last = 0.1234;
                run.metrics.insert(MetricKey::new(format!("health/{key}")), value);
            }
        });
        bench.keys("5");
        let screen = bench.screen();
        let line = screen
            .lines()
            .find(|l| l.contains("D_accuracy_A"))
            .unwrap_or_default();
        assert!(
            line.contains("diversity_B") && line.matches("0.1234").count() == 3,
            "{screen}"
        );
    }
}

#[test]
fn every_line_of_an_empty_queue_is_whole() {
    let mut bench = Bench::empty(80, 24);
    bench.keys("5");
    assert!(!bench.screen().contains('…'), "{}", bench.screen());
}
