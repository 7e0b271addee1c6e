//! Health: measured on the probes, told once when it turns.

use super::*;

fn told(events: &[RunEvent]) -> Vec<(u64, bool, &str)> {
    events
        .iter()
        .filter_map(|e| match e {
            RunEvent::Health {
                step,
                raised,
                message,
                ..
            } => Some((*step, *raised, message.split(" since ").next().unwrap_or(message))),
            _ => None,
        })
        .collect()
}

/// Probes after every step, targets that are not inverted against their inputs, so that nothing else is wrong.
fn bench() -> Bench {
    let bench = Bench::new()
        .param("collapse_from", 8)
        .param("collapse_to", 12)
        .with(|s| s.log.images_every = 1);
    for split in ["train", "val"] {
        for entry in fs::read_dir(bench.data.path().join(split)).unwrap() {
            let path = entry.unwrap().path();
            let mut image = image::open(&path).unwrap().into_rgb8();
            for y in 0..SIDE as u32 {
                for x in 0..SIDE as u32 {
                    let left = *image.get_pixel(x, y);
                    image.put_pixel(x + SIDE as u32, y, left);
                }
            }
            image.save(path).unwrap();
        }
    }
    bench
}

#[test]
fn a_collapse_is_told_once_when_it_begins_and_once_when_it_ends() {
    let bench = bench();
    let dir = tempfile::tempdir().unwrap();
    let (events, outcome) = bench.train(dir.path());
    assert_eq!(outcome.status, RunStatus::Finished);
    let told = told(&events);
    let collapse: Vec<_> = told.iter().filter(|t| t.2.starts_with("outputs")).collect();
    assert_eq!(collapse.len(), 2, "{told:?}");
    assert_eq!(*collapse[0], (8, true, "outputs have collapsed"));
    assert!(
        collapse[1].0 == 12
            && !collapse[1].1
            && collapse[1]
                .2
                .starts_with("outputs vary again at step 12, after the alarm of step 8"),
        "{told:?}"
    );
    let numbers = numbers(&events);
    let diversity = |step: u64| f64::from_bits(numbers[&(step, "health/diversity".to_owned())]);
    assert_eq!(diversity(9), 0.0);
    assert!(diversity(20) > 0.2, "{}", diversity(20));
}

#[test]
fn a_resumed_run_goes_on_watching_where_it_was() {
    let bench = bench();
    let whole = tempfile::tempdir().unwrap();
    let expected = told(&bench.train(whole.path()).0).len();
    let parts = tempfile::tempdir().unwrap();
    let (first, _) = bench.train_until(parts.path(), 10);
    let (rest, _) = bench.train(parts.path());
    let (first, rest) = (told(&first), told(&rest));
    assert_eq!(first.len() + rest.len(), expected, "{first:?} {rest:?}");
}
