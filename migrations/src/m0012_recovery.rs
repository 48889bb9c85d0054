//! Recoveries: a creditor's deliveries sent again, any number of them, as a job with progress. And
//! with each message how many deliveries it was born with, so that those that had none are found.

crate::dialect::step!(
    "m0012_recovery",
    "
ALTER TABLE message ADD COLUMN born_deliveries integer NOT NULL DEFAULT 1;
CREATE INDEX message_untold ON message (creditor_id, sequence) WHERE born_deliveries = 0;
CREATE TABLE recovery (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    requested_by text NOT NULL,
    state text NOT NULL,
    since_ms bigint NOT NULL,
    until_ms bigint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    delivery_cursor @uuid NOT NULL,
    message_cursor bigint NOT NULL,
    requeued bigint NOT NULL,
    created bigint NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE INDEX recovery_running ON recovery (updated_ms) WHERE state <> 'done';
CREATE INDEX recovery_creditor ON recovery (creditor_id, id);
"
);
