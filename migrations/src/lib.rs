//! The schema, one file a step, for SQLite and Postgres alike.
//!
//! Steps are plain SQL, because what makes this schema safe (partial unique indexes, triggers,
//! fill factors) is what schema builders leave out. [`dialect`] names the few types in which the
//! two backends differ. A step that has been released is never edited: add another.
//!
//! Times are `bigint` epoch milliseconds, ids UUID v7, JSON is text that this program wrote.

#![allow(elided_lifetimes_in_paths)] // the trait of sea-orm-migration elides them

use sea_orm_migration::prelude::*;

pub mod dialect;
mod m0001_creditors;
mod m0002_onboarding;
mod m0003_keys_and_sessions;
mod m0004_placements;
mod m0005_audit;
mod m0006_idempotency;
mod m0007_webhooks;
mod m0008_nodes;
mod m0009_admission;
mod m0010_endpoints;
mod m0011_ordering;
mod m0012_recovery;
mod m0013_retention;
mod m0014_lean_writes;
mod m0015_quiet_endpoints;
mod m0016_lean_tables;
mod m0017_lean_indexes;
mod m0018_disabled_endpoints;

/// Applies the steps in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_creditors::Migration),
            Box::new(m0002_onboarding::Migration),
            Box::new(m0003_keys_and_sessions::Migration),
            Box::new(m0004_placements::Migration),
            Box::new(m0005_audit::Migration),
            Box::new(m0006_idempotency::Migration),
            Box::new(m0007_webhooks::Migration),
            Box::new(m0008_nodes::Migration),
            Box::new(m0009_admission::Migration),
            Box::new(m0010_endpoints::Migration),
            Box::new(m0011_ordering::Migration),
            Box::new(m0012_recovery::Migration),
            Box::new(m0013_retention::Migration),
            Box::new(m0014_lean_writes::Migration),
            Box::new(m0015_quiet_endpoints::Migration),
            Box::new(m0016_lean_tables::Migration),
            Box::new(m0017_lean_indexes::Migration),
            Box::new(m0018_disabled_endpoints::Migration),
        ]
    }
}

/// Brings the database to the newest schema. On Postgres one migrator runs at a time, however
/// many nodes start together: each waits for an advisory lock that the transaction holds.
///
/// # Errors
/// Whatever the database says; nothing of a failed step stays on either backend.
pub async fn migrate(db: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), DbErr> {
    use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};
    // Any constant does: it only has to be the same in every process.
    const MIGRATION_LOCK: i64 = 7_306_421_001;

    let transaction = db.begin().await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Another node's migration may take long; waiting for it is no fault.
        transaction
            .execute_unprepared("SET LOCAL lock_timeout = 0")
            .await?;
        transaction
            .execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
        transaction
            .execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            .await?;
    }
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}
