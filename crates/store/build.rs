//! Rebuilds when a migration is added. With the feature `prepare-sql` it also creates an empty database from
//! the migrations for the query macros to check against; without it they use the committed `.sqlx` folder.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
    #[cfg(feature = "prepare-sql")]
    prepare::create_database();
}

#[cfg(feature = "prepare-sql")]
mod prepare {
    use std::path::{Path, PathBuf};

    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    pub fn create_database() {
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let file = out.join("schema.db");
        let _ = std::fs::remove_file(&file);
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs no more than memory")
            .block_on(migrate(&file))
            .unwrap_or_else(|e| panic!("cannot create {} from the migrations: {e}", file.display()));
        println!("cargo::rustc-env=DATABASE_URL=sqlite://{}", file.display());
        println!("cargo::rustc-env=SQLX_OFFLINE=false");
    }

    async fn migrate(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let mut connection = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .connect()
            .await?;
        sqlx::migrate::Migrator::new(Path::new("../../migrations"))
            .await?
            .run(&mut connection)
            .await?;
        Ok(())
    }
}
