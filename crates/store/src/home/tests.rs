use super::*;
use crate::testing;

#[tokio::test]
async fn a_new_home_gets_its_database_and_folders() {
    let (dir, home) = testing::home().await;
    let root = fs::canonicalize(dir.path()).unwrap();
    assert_eq!(home.path(), root);
    assert!(root.join("runs").is_dir() && home.database().is_file());
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&home.pool)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(home.list().await.unwrap(), []);
}

#[tokio::test]
async fn reopening_keeps_what_is_there() {
    let (dir, home) = testing::home().await;
    let run = testing::run(&home, "otter").await;
    home.close().await;
    let again = Home::open(dir.path()).await.unwrap();
    assert_eq!(again.summary(&run).await.unwrap().name, "otter");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_create_one_home_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let opening: Vec<_> = (0..16)
        .map(|i| {
            let path = dir.path().join("home");
            tokio::spawn(async move {
                let home = Home::open(path).await.unwrap();
                testing::run(&home, &format!("run-{i}")).await
            })
        })
        .collect();
    for one in opening {
        one.await.unwrap();
    }
    let home = Home::open(dir.path().join("home")).await.unwrap();
    assert_eq!(home.list().await.unwrap().len(), 16);
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused_with_both_versions() {
    let (dir, home) = testing::home().await;
    for sql in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (20991231000000, 'of tomorrow', 1, x'00', 0)",
        "UPDATE meta SET value = '9.8.7' WHERE key = 'diptych_version'",
    ] {
        sqlx::query(sql).execute(&home.pool).await.unwrap();
    }
    home.close().await;
    let error = Home::open(dir.path()).await.unwrap_err();
    assert!(matches!(
        error,
        StoreError::NewerDatabase { found: 20_991_231_000_000, known, .. } if known < 20_991_231_000_000
    ));
    let text = error.to_string();
    assert!(
        text.contains("diptych 9.8.7") && text.contains(env!("CARGO_PKG_VERSION")),
        "{text}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("diptych.db");
    let text =
        "my shopping list, which is rather longer than a hundred bytes, so that it is no empty header. "
            .repeat(20);
    fs::write(&file, &text).unwrap();
    let error = Home::open(dir.path()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::NotADatabase { path, .. } if path.ends_with("diptych.db")),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_home_that_cannot_be_written_is_named() {
    // A folder cannot be made under a file, whoever asks; permission bits do not bind root.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Home::open(file.join("home")).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unwritable { .. }), "{error:?}");
    assert!(error.to_string().contains("--home"));

    // A database that cannot be opened for writing.
    let home = dir.path().join("home");
    fs::create_dir_all(home.join("diptych.db")).unwrap();
    let error = Home::open(&home).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unwritable { path, .. } if path.ends_with("diptych.db")),
        "{error:?}"
    );
}

/// Every asynchronous function can be spawned on a runtime with many threads.
#[tokio::test]
async fn futures_can_move_between_threads() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let (_dir, home) = testing::home().await;
    let id = sendable(testing::run(&home, "x")).await;
    let key = diptych_domain::MetricKey::loss("a");
    sendable(home.list()).await.unwrap();
    sendable(home.find_run("x")).await.unwrap();
    sendable(home.metrics(&id, &key, ..)).await.unwrap();
    sendable(home.detect_crashed()).await.unwrap();
    sendable(home.claim(&id, &crate::ProcessIdentity::current()))
        .await
        .unwrap();
    sendable(home.add_tags(&id, &[])).await.unwrap();
    sendable(home.remove_tags(&id, &[])).await.unwrap();
    sendable(home.set_environment(&id, &Default::default()))
        .await
        .unwrap();
    sendable(home.images(&id)).await.unwrap();
    sendable(home.checkpoints(&id)).await.unwrap();
}
