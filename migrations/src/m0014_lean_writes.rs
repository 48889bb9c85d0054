//! Leaves out what placing an invoice pays for and nobody reads.
//!
//! Postgres checks no more that a placement's creditor and a history line's placement exist: both are written only by a
//! transaction that holds the creditor's position, and the line in the one that wrote or read its placement; nothing removes
//! creditors or placements. The checks cost a query and a row lock a row. SQLite keeps them: there they are a look-up, and
//! dropping one means to copy the table. Stored answers to placing are never forgotten, so no index finds them by placement.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

/// This step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0014_lean_writes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            dialect::run(manager, PROVEN_PARENTS).await?;
        }
        dialect::run(manager, FORGETTABLE_ANSWERS).await
    }
}

const PROVEN_PARENTS: &str = "
ALTER TABLE placement DROP CONSTRAINT placement_creditor_id_fkey;
ALTER TABLE placement_history DROP CONSTRAINT placement_history_placement_id_fkey;
";

const FORGETTABLE_ANSWERS: &str = "
DROP INDEX idempotency_record_placement;
CREATE INDEX idempotency_record_placement ON idempotency_record (placement_id, operation)
    WHERE operation <> 'place';
";
