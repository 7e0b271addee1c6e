//! What differs between two runs.

use super::*;

#[test]
fn two_runs_are_told_apart() {
    let (a, mut b) = (run("a", 1, 1, 20.0), run("b", 3, 2, 21.0));
    let machine = |threads: &str, command: &str| {
        BTreeMap::from(
            [("threads", threads), ("command", command), ("host", "h")]
                .map(|(k, v)| (k.to_owned(), v.to_owned())),
        )
    };
    let (mine, theirs) = (machine("2", "a"), machine("4", "b"));
    let side = |run, environment| Side { run, environment };
    b.metrics
        .insert(MetricKey::eval("l1"), a.metrics[&MetricKey::eval("psnr")]);
    let c = Contrast::of(side(&a, &mine), side(&b, &theirs));
    let keys = |entries: &[Entry]| entries.iter().map(|e| e.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&c.settings), ["params.n_layers"]);
    assert_eq!(c.settings[0].values, [1, 3].map(|v| Some(ParamValue::Int(v))));
    assert_eq!(keys(&c.environment), ["threads"]);
    assert!(c.seed.is_some() && c.code.is_none() && c.data.is_none() && c.parent.is_none());
    assert_eq!(c.metrics.len(), 2);
    assert_eq!(
        (c.metrics[0].last_difference(), c.metrics[1].last_difference()),
        (None, Some(1.0))
    );
    assert!(c.has_cause());
    let same = Contrast::of(side(&a, &mine), side(&a, &mine));
    assert!(!same.has_cause() && same.progress.is_empty());
    let elsewhere = BTreeMap::from([("host".to_owned(), "other".to_owned())]);
    assert!(!Contrast::of(side(&a, &elsewhere), side(&a, &BTreeMap::new())).has_cause());
}

#[test]
fn agreement_ends_at_the_first_different_bit() {
    let (psnr, l1) = (MetricKey::eval("psnr"), MetricKey::eval("l1"));
    let mut agreement = Agreement::default();
    assert!(!agreement.whole());
    agreement.add(
        &psnr,
        [(1, 0.5), (2, f64::NAN), (9, 1.0)],
        [(1, 0.5), (2, f64::NAN), (5, 1.0)],
    );
    assert!(agreement.whole());
    assert_eq!((agreement.compared, agreement.last), (2, Some(2)));
    agreement.add(&psnr, [(4, 0.1 + 0.2)], [(4, 0.3)]);
    agreement.add(&l1, [(3, 0.0), (4, 1.0)], [(3, -0.0), (4, 2.0)]);
    assert_eq!(agreement.parted, Some((3, l1)));
}
