//! A new database for one test or bench, on SQLite or on a Postgres server, and queries on it that bypass the service.
//!
//! Every failure fails the test.

#![expect(clippy::unwrap_used, reason = "without its database, a test fails")]

use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbErr, Statement};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// A database without tables. It is removed on drop.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The folder of the SQLite file. Child processes write their secrets there too.
    folder: TempDir,
    /// The URL of the server's own database and the statement that drops this one.
    created: Option<(String, String)>,
}

impl TestDatabase {
    /// A SQLite database in a temporary folder.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// A SQLite database in the given folder.
    #[must_use]
    pub fn sqlite_in(folder: TempDir) -> Self {
        let url = format!("sqlite://{}?mode=rwc", file_in(&folder).display());
        Self {
            url,
            folder,
            created: None,
        }
    }

    /// Creates a database with a unique name. The role of `admin_url` must be allowed to.
    pub async fn postgres(admin_url: &str) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        Self::postgres_named(admin_url, &name).await
    }

    /// Creates the database `name` and first drops one that was left behind.
    pub async fn postgres_named(admin_url: &str, name: &str) -> Self {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let create = format!("CREATE DATABASE {name}");
        execute(admin_url, &[&drop, &create]).await.unwrap();
        let mut url = Url::parse(admin_url).unwrap();
        url.set_path(name);
        let mut database = Self::existing(url.as_str());
        database.created = Some((admin_url.to_owned(), drop));
        database
    }

    /// A Postgres database that is removed together with its server.
    #[must_use]
    pub fn existing(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            folder: tempfile::tempdir().unwrap(),
            created: None,
        }
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the database is on a Postgres server.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// A temporary folder for this test. It contains the SQLite file.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The SQLite file. It does not exist before the first connection, and never for Postgres.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        file_in(&self.folder)
    }

    /// The single integer that a query returns, e.g. `SELECT count(*) …`.
    pub async fn number(&self, sql: &str) -> i64 {
        self.column(sql).await.pop().unwrap()
    }

    /// The first column of every row that a query returns.
    pub async fn column<T: sea_orm::TryGetable>(&self, sql: &str) -> Vec<T> {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.unwrap();
        db.close().await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    /// Fails if a creditor's stored number of placements differs from its placements.
    pub async fn expect_true_placement_counts(&self) {
        let (count, values) = match self.is_postgres() {
            true => (
                "CAST(CAST(c.placement_counts AS json) ->> p.status AS bigint)",
                "(SELECT sum(CAST(value AS bigint)) FROM json_each_text(CAST(c.placement_counts AS json)))",
            ),
            false => (
                "c.placement_counts ->> p.status",
                "(SELECT sum(value) FROM json_each(c.placement_counts))",
            ),
        };
        let wrong = format!(
            "SELECT count(*) FROM creditor_position c WHERE \
             EXISTS (SELECT 1 FROM placement p WHERE p.creditor_id = c.creditor_id \
                 GROUP BY p.status HAVING count(*) <> coalesce({count}, 0)) \
             OR coalesce({values}, 0) <> (SELECT count(*) FROM placement p WHERE p.creditor_id = c.creditor_id)"
        );
        assert_eq!(self.number(&wrong).await, 0, "wrong placement counts");
    }

    /// The id of the only webhook endpoint in the database.
    pub async fn endpoint_id(&self) -> Uuid {
        let ids = self.column("SELECT id FROM webhook_endpoint").await;
        ids.into_iter().next().unwrap()
    }

    /// Runs a statement. Returns the message of a database error.
    ///
    /// # Errors
    /// The database refuses the statement.
    pub async fn execute(&self, sql: &str) -> Result<(), String> {
        let done = execute(&self.url, &[sql]).await;
        done.map_err(|error| error.to_string())
    }

    /// `id` as an SQL literal of this backend.
    #[must_use]
    pub fn uuid(&self, id: &str) -> String {
        if self.is_postgres() {
            return format!("'{id}'");
        }
        format!("x'{}'", id.replace('-', ""))
    }

    async fn connect(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((admin_url, drop)) = self.created.take() else {
            return;
        };
        // A separate thread, because the runtime of the test may be shutting down.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            // The server may have ended before.
            let _ = runtime.block_on(execute(&admin_url, &[&drop]));
        });
        let _ = dropped.join();
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("test.db")
}

/// Runs statements on a connection of their own.
async fn execute(url: &str, statements: &[&str]) -> Result<(), DbErr> {
    let db = Database::connect(url).await?;
    let mut done = Ok(());
    for statement in statements {
        done = done.and(db.execute_unprepared(statement).await.map(drop));
    }
    db.close().await.and(done)
}
