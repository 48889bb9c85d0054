//! Stored answers of requests with an `Idempotency-Key`, and marks of committed Writer batches.

pub(crate) const SCRIPT: &str = "
CREATE TABLE idempotency_record (
    creditor_id @uuid NOT NULL,
    key text NOT NULL,
    fingerprint @bytes NOT NULL,
    operation text NOT NULL,
    placement_id @uuid NULL,
    outcome text NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (creditor_id, key)
);
CREATE INDEX idempotency_record_age ON idempotency_record (created_ms);
CREATE INDEX idempotency_record_placement ON idempotency_record (placement_id, operation)
    WHERE operation <> 'place';
CREATE TABLE writer_batch (
    id @uuid NOT NULL PRIMARY KEY,
    committed_ms bigint NOT NULL
);
CREATE INDEX writer_batch_age ON writer_batch (committed_ms);
";
