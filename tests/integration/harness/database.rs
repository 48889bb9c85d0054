//! A fresh database for one test, and a way to look into it.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use tempfile::TempDir;

use super::postgres;

/// A database of one test; gone when it is dropped.
pub(crate) struct TestDatabase {
    url: String,
    /// The SQLite file's folder, and where processes put their secrets.
    folder: TempDir,
    created: Option<postgres::Created>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// A SQLite database in a folder of the test's choice.
    pub(crate) fn sqlite_in(folder: TempDir) -> Self {
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        Self {
            url,
            folder,
            created: None,
        }
    }

    /// `None` where no Postgres can be had.
    pub(crate) async fn postgres() -> Option<Self> {
        let created = postgres::create_database().await?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            url: created.url.clone(),
            folder,
            created: Some(created),
        })
    }

    /// A database on a server of the test's own.
    pub(crate) fn on(server: &postgres::Dedicated) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: server.url().to_owned(),
            folder,
            created: Some(postgres::Created::elsewhere(server.url())),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.created.is_some()
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    async fn connect(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.unwrap()
    }

    /// One number, e.g. of `SELECT count(*) …`.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().expect("a row");
        let number = row.try_get_by_index(0).unwrap();
        db.close().await.unwrap();
        number
    }

    /// The first column of every row.
    pub(crate) async fn column<T: sea_orm::TryGetable>(&self, sql: &str) -> Vec<T> {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.unwrap();
        db.close().await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    /// The one webhook endpoint that there is.
    pub(crate) async fn endpoint_id(&self) -> uuid::Uuid {
        let db = self.connect().await;
        let statement =
            Statement::from_string(db.get_database_backend(), "SELECT id FROM webhook_endpoint");
        let row = db
            .query_one_raw(statement)
            .await
            .unwrap()
            .expect("an endpoint");
        let id = row.try_get_by_index(0).unwrap();
        db.close().await.unwrap();
        id
    }

    /// Runs a statement; says what the database said.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), String> {
        let db = self.connect().await;
        let done = db
            .execute_unprepared(sql)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string());
        db.close().await.unwrap();
        done
    }

    /// `id` as a literal of this backend.
    pub(crate) fn uuid(&self, id: &str) -> String {
        if self.is_postgres() {
            return format!("'{id}'");
        }
        format!("x'{}'", id.replace('-', ""))
    }
}
