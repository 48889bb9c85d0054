//! Placements, their history, payments and disputes.
//!
//! `placement.creditor_id` and `placement_history.placement_id` have no foreign key. A Writer inserts both under the
//! creditor's lock, which proves that the parent exists, and the check took a measurable part of every commit.

pub(crate) const SCRIPT: &str = "
CREATE TABLE placement (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL,
    invoice_number text NOT NULL,
    invoice_date text NOT NULL,
    due_date text NOT NULL,
    amount_cents bigint NOT NULL,
    paid_cents bigint NOT NULL,
    status text NOT NULL,
    paused @bool NOT NULL,
    posture text NOT NULL,
    notes text NULL,
    company_name text NOT NULL,
    search text NOT NULL,
    primary_email text NULL,
    primary_phone text NULL,
    primary_domain text NULL,
    state text NULL,
    city text NULL,
    zip text NULL,
    external_debtor_ref text NULL,
    recalled_from text NULL,
    recalled_ms bigint NULL,
    recalled_by text NULL,
    placed_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    UNIQUE (creditor_id, invoice_number)
);
CREATE INDEX placement_feed ON placement (creditor_id, updated_ms, id);
CREATE INDEX placement_placed ON placement (creditor_id, placed_ms, id);
CREATE TABLE placement_history (
    id @uuid NOT NULL,
    placement_id @uuid NOT NULL,
    creditor_id @uuid NOT NULL,
    from_status text NULL,
    to_status text NOT NULL,
    actor text NOT NULL,
    reason text NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (placement_id, at_ms, id)
) @clustered;
CREATE TABLE payment (
    id @uuid NOT NULL PRIMARY KEY,
    placement_id @uuid NOT NULL REFERENCES placement (id),
    creditor_id @uuid NOT NULL,
    amount_cents bigint NOT NULL,
    recorded_ms bigint NOT NULL
);
CREATE INDEX payment_placement ON payment (placement_id, recorded_ms);
CREATE TABLE dispute (
    id @uuid NOT NULL PRIMARY KEY,
    placement_id @uuid NOT NULL REFERENCES placement (id),
    creditor_id @uuid NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    answer text NULL,
    opened_ms bigint NOT NULL,
    answered_ms bigint NULL,
    acknowledged_ms bigint NULL,
    resolution text NULL,
    resolved_ms bigint NULL
);
CREATE UNIQUE INDEX dispute_one_open ON dispute (placement_id) WHERE status = 'open';
CREATE INDEX dispute_creditor ON dispute (creditor_id, opened_ms);
";
