//! Outbound webhooks: endpoints and their secrets, messages, the hot queue, and its history.
//!
//! `delivery` is the hot table: narrow, without payloads, its delivered rows deleted. History
//! lives in `delivery_attempt` and `message`.

crate::dialect::step!(
    "m0007_webhooks",
    "
CREATE TABLE webhook_endpoint (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    is_primary @bool NOT NULL,
    url text NOT NULL,
    events text NULL,
    state text NOT NULL,
    state_reason text NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
);
CREATE UNIQUE INDEX webhook_endpoint_primary ON webhook_endpoint (creditor_id) WHERE is_primary;
CREATE INDEX webhook_endpoint_creditor ON webhook_endpoint (creditor_id);
CREATE TABLE webhook_secret (
    id @uuid NOT NULL PRIMARY KEY,
    endpoint_id @uuid NOT NULL REFERENCES webhook_endpoint (id),
    sealed @bytes NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NULL
);
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id, created_ms);
CREATE TABLE message (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL,
    event_type text NOT NULL,
    sequence bigint NOT NULL,
    payload text NOT NULL,
    created_ms bigint NOT NULL,
    UNIQUE (creditor_id, sequence)
);
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
) @hot;
CREATE INDEX delivery_due ON delivery (endpoint_id, due_ms, id) WHERE owner IS NULL AND state IN ('pending', 'failed');
CREATE INDEX delivery_owner ON delivery (owner) WHERE owner IS NOT NULL;
CREATE INDEX delivery_creditor ON delivery (creditor_id, id);
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
);
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id, attempt);
CREATE INDEX delivery_attempt_delivered ON delivery_attempt (creditor_id, delivery_id) WHERE outcome = 'delivered';
"
);
