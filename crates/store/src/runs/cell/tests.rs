use diptych_domain::{ParamValue, RunEvent};

use super::*;
use crate::testing::{ended, home, spec, started};

fn me() -> ProcessIdentity {
    ProcessIdentity::current()
}

/// A process that has ended.
fn gone() -> ProcessIdentity {
    ProcessIdentity {
        started: me().started.wrapping_add(1),
        ..me()
    }
}

/// A living process that is not this one.
fn other() -> ProcessIdentity {
    ProcessIdentity {
        host: "elsewhere".into(),
        ..me()
    }
}

fn cell(sweep: &str) -> SweepCell {
    SweepCell {
        sweep: sweep.into(),
        factors: vec![
            ("loss".into(), ParamValue::Text("L1+cGAN".into())),
            ("seed".into(), ParamValue::Int(1)),
            ("params.lambda_l1".into(), ParamValue::Float(0.1)),
        ],
    }
}

fn named(name: &str) -> NewRun {
    NewRun {
        name: Some(name.into()),
        ..NewRun::new(spec())
    }
}

async fn ours(home: &Home, name: &str) -> RunSummary {
    match home.take_cell(named(name), &cell("s"), &me()).await.unwrap() {
        TakenCell::Ours(run) => run,
        other => panic!("{other:?}"),
    }
}

async fn train(home: &Home, run: &RunId, events: impl IntoIterator<Item = RunEvent>) {
    let claim = home.claim(run, &me()).await.unwrap();
    let writer = home.writer(claim).unwrap();
    events.into_iter().for_each(|event| writer.log(event));
    writer.close().unwrap();
}

#[tokio::test]
async fn a_cell_gets_one_run_whatever_it_is_called_and_keeps_its_factors() {
    let (_dir, home) = home().await;
    let run = ours(&home, "a").await;
    assert_eq!((run.name.as_str(), run.status), ("a", RunStatus::Queued));
    assert_eq!(run.cells, [cell("s")]);
    assert_eq!(home.list().await.unwrap()[0].cells, [cell("s")]);
    // Another sweep: alive here, so not for it.
    let taken = home.take_cell(named("b"), &cell("t"), &other()).await.unwrap();
    let TakenCell::Elsewhere(seen) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!((&seen.id, &seen.cells), (&run.id, &vec![cell("s"), cell("t")]));
    train(&home, &run.id, [started(0), ended(RunStatus::Finished, 9)]).await;
    let mut renamed = named("c");
    renamed.spec.name = Some("an experiment's name".into());
    let taken = home.take_cell(renamed, &cell("s"), &me()).await.unwrap();
    assert!(
        matches!(&taken, TakenCell::Finished(r) if r.id == run.id),
        "{taken:?}"
    );
    assert_eq!(home.list().await.unwrap().len(), 1);
    // Another experiment is another cell.
    let mut more = named("d");
    more.spec
        .params
        .insert("lambda_l1".into(), ParamValue::Float(100.5));
    let taken = home.take_cell(more, &cell("s"), &me()).await.unwrap();
    assert!(
        matches!(&taken, TakenCell::Ours(r) if r.id != run.id),
        "{taken:?}"
    );
}

#[tokio::test]
async fn what_can_be_continued_is_and_what_failed_is_left() {
    let (_dir, home) = home().await;
    let first = ours(&home, "a").await;
    for status in [RunStatus::Failed, RunStatus::Diverged] {
        let run = ours(&home, "a").await;
        train(&home, &run.id, [started(0), ended(status, 5)]).await;
    }
    let second = ours(&home, "a").await;
    assert_ne!(second.id, first.id);
    train(&home, &second.id, [started(0), ended(RunStatus::Stopped, 5)]).await;
    let again = ours(&home, "a").await;
    assert_eq!(
        (&again.id, again.status, again.step),
        (&second.id, RunStatus::Queued, 5)
    );
    // Claimed by a process that then died, before anybody has looked.
    home.claim(&second.id, &gone()).await.unwrap();
    assert_eq!(ours(&home, "a").await.id, second.id);
    assert_eq!(home.list().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_dead_sweeps_cell_is_taken_over_and_a_living_ones_is_not() {
    let (_dir, home) = home().await;
    let taken = home.take_cell(named("a"), &cell("s"), &gone()).await.unwrap();
    let TakenCell::Ours(run) = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(ours(&home, "b").await.id, run.id);
    let taken = home.take_cell(named("c"), &cell("s"), &other()).await.unwrap();
    assert!(matches!(taken, TakenCell::Elsewhere(_)), "{taken:?}");
    // Given back, it is anybody's.
    assert!(!home.release_cell(&run.id, &other(), None).await.unwrap());
    assert!(home.release_cell(&run.id, &me(), None).await.unwrap());
    let taken = home.take_cell(named("c"), &cell("s"), &other()).await.unwrap();
    assert!(matches!(taken, TakenCell::Ours(_)), "{taken:?}");
    assert!(
        home.release_cell(&run.id, &other(), Some("no luck"))
            .await
            .unwrap()
    );
    let failed = home.summary(&run.id).await.unwrap();
    assert_eq!(
        (failed.status, failed.message.as_deref()),
        (RunStatus::Failed, Some("no luck"))
    );
    assert_ne!(ours(&home, "d").await.id, run.id);
}

#[tokio::test]
async fn of_many_takers_at_once_one_makes_the_run() {
    let (dir, _home) = home().await;
    let mut tasks = Vec::new();
    for n in 0..8 {
        let root = dir.path().to_owned();
        tasks.push(tokio::spawn(async move {
            let home = Home::open(root).await.unwrap();
            let process = ProcessIdentity {
                host: format!("host-{n}"),
                ..me()
            };
            home.take_cell(named("a"), &cell("s"), &process).await.unwrap()
        }));
    }
    let mut made = 0;
    for task in tasks {
        made += usize::from(matches!(task.await.unwrap(), TakenCell::Ours(_)));
    }
    assert_eq!(made, 1);
    assert_eq!(
        Home::open(dir.path()).await.unwrap().list().await.unwrap().len(),
        1
    );
}
