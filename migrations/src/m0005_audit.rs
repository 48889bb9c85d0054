//! The audit log, which nobody can rewrite: the database refuses UPDATE, DELETE and TRUNCATE.

use sea_orm_migration::prelude::*;

use crate::dialect;

/// This step.
#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, SCRIPT).await?;
        dialect::append_only(manager, "audit_event").await
    }
}

const SCRIPT: &str = "
CREATE TABLE audit_event (
    id @uuid NOT NULL PRIMARY KEY,
    action text NOT NULL,
    actor text NOT NULL,
    creditor_id @uuid NULL,
    placement_id @uuid NULL,
    at_ms bigint NOT NULL,
    data text NOT NULL
);
CREATE INDEX audit_event_placement ON audit_event (placement_id, at_ms, id);
CREATE INDEX audit_event_creditor ON audit_event (creditor_id, at_ms, id);
CREATE INDEX audit_event_at ON audit_event (at_ms, id);
";
