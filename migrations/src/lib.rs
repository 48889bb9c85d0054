//! The schema for SQLite and Postgres, one file for each migration step.
//!
//! Steps are plain SQL, because schema builders do not support what makes this schema safe: partial unique indexes,
//! triggers and fill factors. [`dialect`] contains the differences between the backends. Never edit a released step;
//! add a new one. There are no down migrations. To go back, restore a backup (`docs/operations.md`).
//!
//! Times are `bigint` epoch milliseconds, ids are UUID v7, and JSON is stored as text.

#![allow(elided_lifetimes_in_paths)] // sea-orm-migration declares its trait with elided lifetimes

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait,
};

pub mod dialect;
mod m0001_creditors;
mod m0002_onboarding;
mod m0003_api_keys;
mod m0004_sessions;
mod m0005_placements;
mod m0006_audit;
mod m0007_idempotency;
mod m0008_webhook_endpoints;
mod m0009_deliveries;
mod m0010_cluster;
mod m0011_installation;
mod m0012_placement_counts;
mod m0013_retention;
mod m0014_collation;

/// The steps in order.
const STEPS: &[Step] = &[
    Step("m0001_creditors", m0001_creditors::SCRIPT),
    Step("m0002_onboarding", m0002_onboarding::SCRIPT),
    Step("m0003_api_keys", m0003_api_keys::SCRIPT),
    Step("m0004_sessions", m0004_sessions::SCRIPT),
    Step("m0005_placements", m0005_placements::SCRIPT),
    Step("m0006_audit", m0006_audit::SCRIPT),
    Step("m0007_idempotency", m0007_idempotency::SCRIPT),
    Step("m0008_webhook_endpoints", m0008_webhook_endpoints::SCRIPT),
    Step("m0009_deliveries", m0009_deliveries::SCRIPT),
    Step("m0010_cluster", m0010_cluster::SCRIPT),
    Step("m0011_installation", m0011_installation::SCRIPT),
    Step("m0012_placement_counts", m0012_placement_counts::SCRIPT),
    Step("m0013_retention", m0013_retention::SCRIPT),
    Step("m0014_collation", m0014_collation::SCRIPT),
];

/// A step: its name, which the database stores once it is applied, and its script.
#[derive(Clone, Copy)]
struct Step(&'static str, &'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, self.1).await
    }
}

/// Applies the steps in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let boxed = |step: &Step| Box::new(*step) as Box<dyn MigrationTrait>;
        STEPS.iter().map(boxed).collect()
    }
}

/// Why the schema is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Another version of this program, or another program, has changed this database.
    #[error(
        "the database has migrations that this version does not know ({}); start the version that made them, or restore a backup that is older than they are",
        .names.join(", ")
    )]
    UnknownSteps {
        /// Names of the unknown steps, as stored in the database.
        names: Vec<String>,
    },
    /// The database failed. The migration is rolled back.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Migrates the database to the newest schema, in one transaction.
///
/// On Postgres the transaction holds an advisory lock, so nodes that start together migrate one after the other.
///
/// # Errors
/// [`MigrateError::UnknownSteps`] if the database has steps that this version does not know. Nothing is changed then.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), MigrateError> {
    // An arbitrary constant that is the same in every process.
    const MIGRATION_LOCK: i64 = 7_306_421_001;

    let transaction = db.begin().await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        // The migration of another node can take long, and this node must wait for it.
        let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        for text in [
            "SET LOCAL lock_timeout = 0",
            "SET LOCAL statement_timeout = 0",
            &lock,
        ] {
            transaction.execute_unprepared(text).await?;
        }
    }
    refuse_unknown_steps(&transaction).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await?;
    Ok(())
}

async fn refuse_unknown_steps(transaction: &DatabaseTransaction) -> Result<(), MigrateError> {
    Migrator::install(transaction).await?;
    let known = Migrator::migrations();
    let applied = Migrator::get_migration_models(transaction).await?;
    let is_unknown = |name: &String| known.iter().all(|step| step.name() != name);
    let names = applied
        .into_iter()
        .map(|step| step.version)
        .filter(is_unknown);
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => Ok(()),
        names => Err(MigrateError::UnknownSteps { names }),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectOptions, Database};

    use super::*;

    #[tokio::test]
    async fn database_with_unknown_steps_is_refused() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.unwrap();
        migrate(&db).await.unwrap();
        migrate(&db).await.unwrap();
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m0099_newer', 1)";
        db.execute_unprepared(newer).await.unwrap();
        let refused = migrate(&db).await.unwrap_err().to_string();
        assert!(refused.contains("does not know (m0099_newer)"), "{refused}");
    }
}
