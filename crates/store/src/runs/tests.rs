use std::collections::BTreeMap;

use diptych_domain::{ParamValue, Parent, RunId, RunStatus};

use super::*;
use crate::testing::{ended, home, run, spec, started, writer};
use crate::{Home, ProcessIdentity, StoreError};

#[tokio::test]
async fn a_run_is_saved_with_everything_that_made_it() {
    let (_dir, home) = home().await;
    let parent = run(&home, "parent").await;
    let new = NewRun {
        name: Some("facades".into()),
        tags: vec!["b".into(), "a".into(), "b".into(), " ".into()],
        note: "first try".into(),
        environment: BTreeMap::from([("hostname".into(), "box".into())]),
        code_version: "0.1.0".into(),
        data_fingerprint: Some("abc".into()),
        device: "cuda:0".into(),
        parent: Some((parent.clone(), 40)),
        ..NewRun::new(spec())
    };
    let made = home.create_run(new).await.unwrap();
    assert_eq!((made.name.as_str(), made.status), ("facades", RunStatus::Queued));
    assert_eq!(made.tags, ["a", "b"]);
    assert_eq!(
        (made.note.as_str(), made.device.as_str()),
        ("first try", "cuda:0")
    );
    assert_eq!(made.spec, spec());
    assert_eq!(home.environment(&made.id).await.unwrap()["hostname"], "box");
    let details = home.details(&made.id).await.unwrap();
    assert_eq!(details.spec_hash, spec().hash().unwrap());
    assert_eq!(details.spec_json, spec().canonical_json().unwrap());
    let lineage = Parent {
        id: Some(parent.clone()),
        name: Some("parent".into()),
        step: 40,
    };
    assert_eq!(made.parent, Some(lineage));
    assert_eq!((made.code_version.as_str(), made.step), ("0.1.0", 40));
    assert_eq!(made.data_fingerprint.as_deref(), Some("abc"));
    let forks = home.details(&parent).await.unwrap().forks;
    assert_eq!(
        (forks.len(), forks[0].name.as_str(), forks[0].step),
        (1, "facades", 40)
    );
    sqlx::query("DELETE FROM runs WHERE name = 'parent'")
        .execute(&home.pool)
        .await
        .unwrap();
    let orphan = home.summary(&made.id).await.unwrap().parent.unwrap();
    assert_eq!(orphan.to_string(), "a deleted run at step 40");
    assert!(home.run_dir(&made.id).join("images").is_dir());
    let events = home.events(&made.id).await.unwrap();
    assert_eq!(events[0].kind, "created");
}

#[tokio::test]
async fn hyperparameters_are_typed_rows() {
    let (_dir, home) = home().await;
    run(&home, "one").await;
    let typed = async |key: &str| {
        sqlx::query_as::<_, (String, Option<f64>, String)>(
            "SELECT kind, number, text FROM params WHERE key = ?",
        )
        .bind(key.to_owned())
        .fetch_one(&home.pool)
        .await
        .unwrap()
    };
    assert_eq!(
        typed("params.n_layers").await,
        ("int".into(), Some(3.0), "3".into())
    );
    assert_eq!(
        typed("params.lambda_l1").await,
        ("float".into(), Some(100.0), "100.0".into())
    );
    assert_eq!(
        typed("params.dropout").await,
        ("bool".into(), Some(1.0), "true".into())
    );
    assert_eq!(typed("params.norm").await, ("text".into(), None, "batch".into()));
    assert_eq!(typed("data.crop_size").await.1, Some(256.0));
}

#[tokio::test]
async fn a_taken_name_gets_a_number_and_a_bad_one_an_error() {
    let (_dir, home) = home().await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let id = run(&home, "facades").await;
        names.push(home.summary(&id).await.unwrap().name);
    }
    assert_eq!(names, ["facades", "facades-2", "facades-3"]);
    for bad in ["", " x", "-x", "a/b", "a\nb", &"x".repeat(101)] {
        let new = NewRun {
            name: Some(bad.into()),
            ..NewRun::new(spec())
        };
        let error = home.create_run(new).await.unwrap_err();
        assert!(matches!(error, StoreError::BadName { .. }), "{bad:?}");
    }
}

#[tokio::test]
async fn without_a_name_the_experiments_is_taken_or_a_memorable_one_made() {
    let (_dir, home) = home().await;
    let memorable = home.create_run(NewRun::new(spec())).await.unwrap().name;
    assert!(
        memorable
            .split_once('-')
            .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()),
        "{memorable}"
    );
    let mut named = spec();
    named.name = Some("ablation".into());
    assert_eq!(
        home.create_run(NewRun::new(named)).await.unwrap().name,
        "ablation"
    );
}

#[tokio::test]
async fn runs_are_found_by_name_id_or_unique_prefix() {
    let (_dir, home) = home().await;
    let otter = run(&home, "brisk-otter").await;
    run(&home, "brisk-owl").await;
    run(&home, "brisk").await;
    let found = async |text: &str| home.find_run(text).await.map(|r| r.name);
    assert_eq!(found("brisk-otter").await.unwrap(), "brisk-otter");
    assert_eq!(found("brisk-ot").await.unwrap(), "brisk-otter");
    assert_eq!(found(otter.as_str()).await.unwrap(), "brisk-otter");
    assert_eq!(
        found("brisk").await.unwrap(),
        "brisk",
        "an exact name is no prefix of others"
    );
    match found("brisk-o").await.unwrap_err() {
        StoreError::Ambiguous { candidates, .. } => assert_eq!(candidates, ["brisk-owl", "brisk-otter"]),
        other => panic!("{other:?}"),
    }
    match found("brisk-oter").await.unwrap_err() {
        StoreError::NotFound { nearest, .. } => assert_eq!(nearest.as_deref(), Some("brisk-otter")),
        other => panic!("{other:?}"),
    }
    assert!(matches!(found("").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn lists_are_newest_first_and_outlive_specs_of_other_versions() {
    let (_dir, home) = home().await;
    run(&home, "old").await;
    run(&home, "new").await;
    sqlx::query(
        r#"UPDATE runs SET spec = '{"model":"pix2pix","seed":7,"data":{"root":"r","from_the_future":1},"novel":2}'
           WHERE name = 'old'"#,
    )
    .execute(&home.pool)
    .await
    .unwrap();
    let list = home.list().await.unwrap();
    assert_eq!(
        list.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(),
        ["new", "old"]
    );
    assert_eq!((list[1].spec.seed, list[1].spec.data.root.as_str()), (7, "r"));
    assert_eq!(list[0].spec.params["n_layers"], ParamValue::Int(3));
}

#[tokio::test]
async fn tags_and_notes_can_be_changed() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let tags = |t: &[&str]| t.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    home.add_tags(&id, &tags(&["b", "a", "b"])).await.unwrap();
    assert_eq!(home.remove_tags(&id, &tags(&["b", "z"])).await.unwrap(), 1);
    home.set_note(&id, "n").await.unwrap();
    let summary = home.summary(&id).await.unwrap();
    assert_eq!((summary.tags, summary.note), (tags(&["a"]), "n".into()));
    let nobody = RunId::from_stored("nobody");
    assert!(matches!(
        home.set_note(&nobody, "n").await,
        Err(StoreError::NotFound { .. })
    ));
}

/// A process on this machine that is not this one and has ended.
fn dead() -> ProcessIdentity {
    ProcessIdentity {
        started: 1,
        ..ProcessIdentity::current()
    }
}

async fn status(home: &Home, id: &RunId) -> RunStatus {
    home.summary(id).await.unwrap().status
}

#[tokio::test]
async fn one_process_trains_a_run_at_a_time() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let me = ProcessIdentity::current();
    let claim = home.claim(&id, &me).await.unwrap();
    assert_eq!(status(&home, &id).await, RunStatus::Running);
    let error = home.claim(&id, &me).await.unwrap_err();
    assert!(
        error.to_string().contains(&format!("process {}", me.pid)),
        "{error}"
    );
    assert!(matches!(error, StoreError::AlreadyRunning { owner, .. } if *owner == me));
    home.release(&claim, RunStatus::Failed, Some("no data"))
        .await
        .unwrap();
    let summary = home.summary(&id).await.unwrap();
    assert_eq!(
        (summary.status, summary.message.as_deref()),
        (RunStatus::Failed, Some("no data"))
    );
    home.claim(&id, &me).await.unwrap();
    let late = home.release(&claim, RunStatus::Stopped, None).await;
    assert!(
        matches!(late, Err(StoreError::ClaimLost { .. })),
        "an old claim gives nothing up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claims_at_once_one_succeeds() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let claims: Vec<_> = (0..12)
        .map(|_| {
            let (home, id) = (home.clone(), id.clone());
            tokio::spawn(async move { home.claim(&id, &ProcessIdentity::current()).await.is_ok() })
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        won += u32::from(claim.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_run_whose_process_is_gone_has_crashed_and_can_be_claimed_again() {
    let (_dir, home) = home().await;
    let (gone, alive) = (run(&home, "gone").await, run(&home, "alive").await);
    home.claim(&gone, &dead()).await.unwrap();
    home.claim(&alive, &ProcessIdentity::current()).await.unwrap();
    assert_eq!(home.detect_crashed().await.unwrap(), std::slice::from_ref(&gone));
    assert_eq!(home.detect_crashed().await.unwrap(), []);
    assert_eq!(status(&home, &gone).await, RunStatus::Crashed);
    assert_eq!(status(&home, &alive).await, RunStatus::Running);
    assert_eq!(home.events(&gone).await.unwrap().last().unwrap().kind, "crashed");
    home.claim(&gone, &ProcessIdentity::current()).await.unwrap();
    let summary = home.summary(&gone).await.unwrap();
    assert_eq!((summary.status, summary.message), (RunStatus::Running, None));
}

#[tokio::test]
async fn a_dead_owner_need_not_be_detected_before_a_claim() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    home.claim(&id, &dead()).await.unwrap();
    home.claim(&id, &ProcessIdentity::current()).await.unwrap();
}

#[tokio::test]
async fn a_run_taken_for_crashed_goes_on_but_one_taken_over_stops() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    let first = writer(&home, &id).await;
    first.log(started(0));
    first.flush().unwrap();
    // Somebody on another machine, whose clock is far ahead, looks.
    sqlx::query("UPDATE runs SET heartbeat = heartbeat - 1000")
        .execute(&home.pool)
        .await
        .unwrap();
    let elsewhere = ProcessIdentity {
        host: "elsewhere".into(),
        ..ProcessIdentity::current()
    };
    assert_eq!(
        home.detect_crashed_as(&elsewhere).await.unwrap(),
        std::slice::from_ref(&id)
    );
    first.flush().unwrap();
    assert_eq!(
        status(&home, &id).await,
        RunStatus::Running,
        "its next heartbeat says otherwise"
    );

    sqlx::query("UPDATE runs SET status = 'crashed'")
        .execute(&home.pool)
        .await
        .unwrap();
    let second = home.claim(&id, &elsewhere).await.unwrap();
    let error = first.flush().unwrap_err();
    assert!(error.to_string().contains("elsewhere"), "{error}");
    assert!(first.problem().is_some());
    drop(first);
    home.release(&second, RunStatus::Stopped, None).await.unwrap();
}

#[tokio::test]
async fn a_request_to_stop_reaches_the_trainer() {
    let (_dir, home) = home().await;
    let id = run(&home, "x").await;
    assert!(!home.request_stop(&id).await.unwrap(), "nobody trains it");
    let trainer = writer(&home, &id).await;
    trainer.log(started(0));
    trainer.flush().unwrap();
    assert!(!trainer.stop_requested());
    assert!(home.request_stop(&id).await.unwrap());
    trainer.flush().unwrap();
    assert!(trainer.stop_requested() && home.stop_requested(&id).await.unwrap());
    home.clear_stop(&id).await.unwrap();
    trainer.flush().unwrap();
    assert!(!trainer.stop_requested());
    home.request_stop(&id).await.unwrap();
    trainer.log(ended(RunStatus::Stopped, 5));
    trainer.close().unwrap();
    assert_eq!(status(&home, &id).await, RunStatus::Stopped);
    assert!(
        !home.stop_requested(&id).await.unwrap(),
        "the next process starts afresh"
    );
}

#[tokio::test]
async fn pages_are_the_list_in_parts() {
    let (_dir, home) = home().await;
    for i in 0..7 {
        run(&home, &format!("run-{i}")).await;
    }
    let all = home.list().await.unwrap();
    let mut paged = Vec::new();
    loop {
        let page = home
            .list_page(paged.last().map(|r: &diptych_domain::RunSummary| &r.id), 3)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

#[tokio::test]
async fn whatever_happens_to_a_run_is_a_change() {
    let (_dir, home) = home().await;
    let (a, b) = (run(&home, "a").await, run(&home, "b").await);
    let mut seen = home.revision().await.unwrap();
    let mut changed = async |what: &str, expected: &[&str], total: u64| {
        let changes = home.changes_since(seen).await.unwrap();
        let names: Vec<&str> = changes.runs.iter().map(|r| r.name.as_str()).collect();
        assert_eq!((names.as_slice(), changes.total), (expected, total), "{what}");
        assert!(home.revision().await.unwrap() >= changes.revision); // a living run's heart beats
        seen = changes.revision;
    };
    changed("nothing", &[], 2).await;
    home.add_tags(&a, &["x".into()]).await.unwrap();
    changed("a tag", &["a"], 2).await;
    home.add_tags(&a, &["x".into()]).await.unwrap();
    changed("the same tag", &[], 2).await;
    home.remove_tags(&a, &["x".into()]).await.unwrap();
    changed("no tag", &["a"], 2).await;
    home.set_note(&b, "n").await.unwrap();
    changed("a note", &["b"], 2).await;
    home.set_archived(&b, true).await.unwrap();
    changed("archiving", &["b"], 2).await;
    let trainer = writer(&home, &a).await;
    changed("a claim", &["a"], 2).await;
    trainer
        .logger()
        .log(crate::testing::values(5, &[("loss/G", 1.0)]));
    trainer.flush().unwrap();
    changed("points", &["a"], 2).await;
    trainer.close().unwrap();
    changed("the end", &["a"], 2).await;
    run(&home, "c").await;
    changed("a new run", &["c"], 3).await;
    home.delete_run(&b).await.unwrap();
    changed("a deleted run", &[], 2).await;
    let ids = home.run_ids().await.unwrap();
    assert_eq!((ids.len(), ids.contains(&b)), (2, false));
}

#[tokio::test]
async fn deleting_takes_everything_but_forks() {
    let (_dir, home) = home().await;
    let parent = run(&home, "parent").await;
    let trainer = writer(&home, &parent).await;
    for step in 0..2000 {
        trainer
            .logger()
            .log(crate::testing::values(step, &[("loss/G", 1.0)]));
    }
    trainer.flush().unwrap();
    let living = home.delete_run(&parent).await.unwrap_err();
    assert!(matches!(living, StoreError::AlreadyRunning { .. }), "{living}");
    trainer.logger().log(ended(RunStatus::Finished, 2000));
    trainer.close().unwrap();
    let fork = home
        .create_run(NewRun {
            parent: Some((parent.clone(), 40)),
            ..NewRun::new(spec())
        })
        .await
        .unwrap();
    std::fs::write(home.run_dir(&parent).join("images/x.png"), [0; 1000]).unwrap();
    assert!(home.run_bytes(&parent).await.unwrap() > 1000, "files and points");
    assert_eq!(home.delete_run(&parent).await.unwrap(), 1000);
    assert!(!home.run_dir(&parent).exists());
    let orphan = home.summary(&fork.id).await.unwrap();
    assert_eq!(orphan.parent.unwrap().id, None);
    assert!(home.delete_run(&parent).await.is_err());
    home.delete_run(&fork.id).await.unwrap();
    for table in [
        "runs", "params", "events", "metrics", "chunks", "rollups", "tails",
    ] {
        // Run time: the table's name varies.
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&home.pool)
            .await
            .unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
