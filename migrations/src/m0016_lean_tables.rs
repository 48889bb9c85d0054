//! SQLite: tables whose rows are short as a rule, and found by their id alone, are that one tree, instead of a tree of rows
//! and another one that leads to them: an event and its outcome write three trees fewer.
//!
//! The history loses the check that its placement exists, as it did on Postgres (`m0014_lean_writes`): the check made every
//! statement remember how to undo itself.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// This step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0016_lean_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            for table in ["delivery", "delivery_attempt", "placement_history"] {
                dialect::without_rowid(manager, table, None).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};

    use super::*;

    const ROWS: &[&str] = &[
        "INSERT INTO creditor VALUES (x'01', 'Acme', 'a@b.c', '', '', 'standard', NULL, NULL, 0, 'preserve', '{}', NULL, 1)",
        "INSERT INTO placement VALUES (x'02', x'01', 'INV-1', '', '', 1, 0, 'ready', 0, 'preserve', NULL, 'Late', '', NULL, NULL, \
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, 1)",
        "INSERT INTO placement_history VALUES (x'03', x'02', x'01', NULL, 'ready', 'system', NULL, 7)",
        "INSERT INTO delivery VALUES (x'04', x'05', x'06', x'01', 'pending', 8, NULL, 0, 0, NULL, 1, NULL)",
        "INSERT INTO delivery_attempt VALUES (x'07', x'04', x'05', x'06', x'01', 1, 'failed', 9, 3, 500, 'HTTP 500', NULL)",
    ];

    async fn ask(db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
        let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql));
        let rows = rows.await.unwrap();
        rows.iter()
            .map(|row| row.try_get("", "answer").unwrap())
            .collect()
    }

    #[tokio::test]
    async fn rows_and_indexes_come_along() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.unwrap();
        crate::Migrator::up(&db, Some(15)).await.unwrap();
        for row in ROWS {
            db.execute_unprepared(row).await.unwrap();
        }
        let indexes = "SELECT name AS answer FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
        let before = ask(&db, indexes).await;
        crate::Migrator::up(&db, Some(1)).await.unwrap();
        assert_eq!(ask(&db, indexes).await, before);
        let lean = "SELECT name AS answer FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID' ORDER BY name";
        let tables = ["delivery", "delivery_attempt", "placement_history"];
        assert_eq!(ask(&db, lean).await, tables);
        let rows = "SELECT hex(id) || at_ms AS answer FROM placement_history \
                    UNION ALL SELECT hex(id) || due_ms FROM delivery \
                    UNION ALL SELECT hex(id) || at_ms FROM delivery_attempt";
        assert_eq!(ask(&db, rows).await, ["037", "048", "079"]);
    }
}
