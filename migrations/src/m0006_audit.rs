//! The audit log. Triggers make it append-only.
//!
//! `trace_id` (32 hexadecimal digits) links an entry to its request and to the deliveries of the same change.

pub(crate) const SCRIPT: &str = "
CREATE TABLE audit_event (
    id @uuid NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    creditor_id @uuid NULL,
    placement_id @uuid NULL,
    at_ms bigint NOT NULL,
    data text NOT NULL,
    trace_id text NULL,
    PRIMARY KEY (at_ms, id)
) @clustered;
CREATE INDEX audit_event_placement ON audit_event (placement_id, at_ms, id);
CREATE INDEX audit_event_creditor ON audit_event (creditor_id, at_ms, id);
@append_only audit_event;
";

#[cfg(test)]
mod tests {
    use sea_orm_migration::prelude::*;
    use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, Database};

    use crate::Migrator;

    #[tokio::test]
    async fn audit_log_rejects_updates_and_deletes() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = Database::connect(options).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let entry = "(x'01', 'signed_up', 'system', x'02', NULL, 5, '{}', NULL)";
        for statement in [
            "PRAGMA recursive_triggers = ON",
            &format!("INSERT INTO audit_event VALUES {entry}"),
        ] {
            db.execute_unprepared(statement).await.unwrap();
        }
        for rewrite in [
            "UPDATE audit_event SET actor = 'nobody'",
            "DELETE FROM audit_event",
            &format!("REPLACE INTO audit_event VALUES {entry}"),
        ] {
            let refused = db.execute_unprepared(rewrite).await.unwrap_err();
            assert!(refused.to_string().contains("append-only"), "{refused}");
        }
    }
}
