//! Messages, the hot queue of their deliveries, the history of attempts, and bulk replays.
//!
//! Rows of `delivery` are narrow and contain no payload. A delivered row is deleted, and its history is in
//! `delivery_attempt`. The partial indexes cover only undelivered rows. `order_key` is null for unordered deliveries,
//! the id of the endpoint if all its deliveries are ordered, and the id of the placement if those of each placement are
//! ordered.

pub(crate) const SCRIPT: &str = "
CREATE TABLE message (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL,
    event_type text NOT NULL,
    sequence bigint NOT NULL,
    payload text NOT NULL,
    created_ms bigint NOT NULL,
    initial_deliveries integer NOT NULL,
    traceparent text NULL,
    UNIQUE (creditor_id, sequence)
);
CREATE INDEX message_undelivered ON message (creditor_id, sequence) WHERE initial_deliveries = 0;
CREATE TABLE delivery (
    id @uuid NOT NULL PRIMARY KEY,
    message_id @uuid NOT NULL,
    endpoint_id @uuid NOT NULL,
    creditor_id @uuid NOT NULL,
    state text NOT NULL,
    due_ms bigint NOT NULL,
    owner bigint NULL,
    claim_no bigint NOT NULL,
    attempt integer NOT NULL,
    order_key @uuid NULL,
    sequence bigint NOT NULL,
    response_status integer NULL
) @hot @clustered;
CREATE INDEX delivery_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key IS NULL;
CREATE INDEX delivery_owner ON delivery (owner) WHERE owner IS NOT NULL;
CREATE INDEX delivery_creditor ON delivery (creditor_id, id) WHERE owner IS NULL;
CREATE INDEX delivery_endpoint_order ON delivery (endpoint_id, sequence)
    WHERE state IN ('pending', 'failed') AND order_key IS NOT DISTINCT FROM endpoint_id;
CREATE INDEX delivery_placement_order ON delivery (endpoint_id, order_key, sequence)
    WHERE state IN ('pending', 'failed') AND order_key <> endpoint_id;
CREATE INDEX delivery_placement_order_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key <> endpoint_id;
CREATE TABLE delivery_attempt (
    id @uuid NOT NULL PRIMARY KEY,
    delivery_id @uuid NOT NULL,
    message_id @uuid NOT NULL,
    endpoint_id @uuid NOT NULL,
    creditor_id @uuid NOT NULL,
    attempt integer NOT NULL,
    outcome text NOT NULL,
    at_ms bigint NOT NULL,
    latency_ms bigint NOT NULL,
    response_status integer NULL,
    error text NULL,
    response_excerpt text NULL
) @clustered;
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id, attempt);
CREATE INDEX delivery_attempt_delivered ON delivery_attempt (creditor_id, delivery_id) WHERE outcome = 'delivered';
CREATE TABLE webhook_recovery (
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
CREATE INDEX webhook_recovery_running ON webhook_recovery (updated_ms) WHERE state <> 'done';
CREATE INDEX webhook_recovery_creditor ON webhook_recovery (creditor_id, id);
CREATE TABLE retention_cursor (
    name text NOT NULL PRIMARY KEY,
    position @uuid NOT NULL
);
INSERT INTO retention_cursor (name, position) VALUES ('payloads', @nil);
";
