//! Bringing a database up to date.

use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::error::{Result, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// The newest migration that this binary knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Makes the database a WAL one with this binary's tables. The caller keeps other processes out meanwhile.
pub(super) async fn prepare(options: &SqliteConnectOptions, file: &Path) -> Result<()> {
    let mut connection = options.clone().connect().await?;
    let found = newest_applied(&mut connection).await?;
    if found > known() {
        return Err(StoreError::NewerDatabase {
            path: file.to_owned(),
            written_by: written_by(&mut connection).await,
            found,
            known: known(),
        });
    }
    if found < known() {
        sqlx::query("PRAGMA journal_mode = WAL") // run time: a pragma, which `query!` cannot describe
            .execute(&mut connection)
            .await?;
        MIGRATIONS
            // `run` is generic in a way that keeps futures which await it from being `Send`.
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|e| sqlx::Error::Migrate(Box::new(e)))?;
        let version = env!("CARGO_PKG_VERSION");
        sqlx::query!(
            "INSERT INTO meta (key, value) VALUES ('diptych_version', ?)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            version
        )
        .execute(&mut connection)
        .await?;
    }
    connection.close().await?;
    Ok(())
}

// The two below run before it is known which tables exist, so nothing can check them when compiling.

async fn newest_applied(connection: &mut SqliteConnection) -> Result<i64> {
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await?;
    if tables == 0 {
        return Ok(0);
    }
    Ok(
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
            .fetch_one(connection)
            .await?,
    )
}

async fn written_by(connection: &mut SqliteConnection) -> String {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = 'diptych_version'")
        .fetch_optional(connection)
        .await
        .ok()
        .flatten()
        .unwrap_or_else(|| "of an unknown version".into())
}
