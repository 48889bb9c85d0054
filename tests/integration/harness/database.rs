//! A new database for one test, and queries on it that bypass the service.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use tempfile::TempDir;

use super::postgres;

/// The database of one test. It is removed on drop.
pub(crate) struct TestDatabase {
    url: String,
    /// The folder of the SQLite file. Child processes write their secrets there too.
    folder: TempDir,
    created: Option<postgres::Created>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// A SQLite database in the given folder.
    pub(crate) fn sqlite_in(folder: TempDir) -> Self {
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        Self {
            url,
            folder,
            created: None,
        }
    }

    /// A database on the shared Postgres server, or `None` if no server is available.
    pub(crate) async fn postgres() -> Option<Self> {
        let created = postgres::create_database().await?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            url: created.url.clone(),
            folder,
            created: Some(created),
        })
    }

    /// The database of a dedicated Postgres server.
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

    /// The single integer that a query returns, e.g. `SELECT count(*) …`.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().expect("a row");
        let number = row.try_get_by_index(0).unwrap();
        db.close().await.unwrap();
        number
    }

    /// The first column of every row that a query returns.
    pub(crate) async fn column<T: sea_orm::TryGetable>(&self, sql: &str) -> Vec<T> {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.unwrap();
        db.close().await.unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    /// The id of the only webhook endpoint in the database.
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

    /// Runs a statement. Returns the message of a database error.
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

    /// `id` as an SQL literal of this backend.
    pub(crate) fn uuid(&self, id: &str) -> String {
        if self.is_postgres() {
            return format!("'{id}'");
        }
        format!("x'{}'", id.replace('-', ""))
    }
}
