//! Indexes that an invoice and its webhook need not touch. Most of what a commit writes are pages of indexes that begin with
//! the creditor, one for each creditor in the batch.
//!
//! - Lines of history and of the audit log are kept in the order in which they are read: the key is the index.
//! - A creditor's queue is listed by an index of what waits. What is being sent is found by its owner: it comes and goes
//!   within a moment, and there is never much of it.
//! - No query looks a placement up by its debtor's reference.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// This step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0017_lean_indexes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            // First what takes long: dropping an index keeps everybody out of its table until the end.
            dialect::run(manager, POSTGRES_KEYS).await?;
            return dialect::run(manager, INDEXES).await;
        }
        dialect::run(manager, INDEXES).await?;
        let history = Some("placement_id, at_ms, id");
        dialect::without_rowid(manager, "placement_history", history).await?;
        dialect::without_rowid(manager, "audit_event", Some("at_ms, id")).await
    }
}

const INDEXES: &str = "
DROP INDEX placement_debtor_ref;
DROP INDEX placement_history_placement;
DROP INDEX audit_event_at;
DROP INDEX delivery_creditor;
CREATE INDEX delivery_creditor ON delivery (creditor_id, id) WHERE owner IS NULL;
";

const POSTGRES_KEYS: &str = "
ALTER TABLE placement_history DROP CONSTRAINT placement_history_pkey;
ALTER TABLE placement_history ADD PRIMARY KEY (placement_id, at_ms, id);
ALTER TABLE audit_event DROP CONSTRAINT audit_event_pkey;
ALTER TABLE audit_event ADD PRIMARY KEY (at_ms, id);
";

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};

    use super::*;

    #[tokio::test]
    async fn the_audit_log_keeps_its_lines_and_its_guard() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.unwrap();
        crate::Migrator::up(&db, Some(16)).await.unwrap();
        let line =
            "INSERT INTO audit_event VALUES (x'01', 'signed_up', 'system', x'02', NULL, 5, '{}')";
        db.execute_unprepared(line).await.unwrap();
        crate::Migrator::up(&db, None).await.unwrap();
        let all = "SELECT hex(id) || action || at_ms AS line FROM audit_event";
        let rows = db
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, all))
            .await
            .unwrap();
        let lines: Vec<String> = rows
            .iter()
            .map(|row| row.try_get("", "line").unwrap())
            .collect();
        assert_eq!(lines, ["01signed_up5"]);
        for rewrite in [
            "UPDATE audit_event SET actor = 'nobody'",
            "DELETE FROM audit_event",
            "REPLACE INTO audit_event VALUES (x'01', 'signed_up', 'nobody', x'02', NULL, 5, '{}')",
        ] {
            db.execute_unprepared("PRAGMA recursive_triggers = ON")
                .await
                .unwrap();
            let refused = db.execute_unprepared(rewrite).await.unwrap_err();
            assert!(refused.to_string().contains("append-only"), "{refused}");
        }
    }
}
