//! Webhook endpoints and their signing secrets.

pub(crate) const SCRIPT: &str = "
CREATE TABLE webhook_endpoint (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    is_primary @bool NOT NULL,
    url text NOT NULL,
    events text NULL,
    state text NOT NULL,
    state_reason text NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    description text NULL,
    throttle_per_second integer NULL,
    sealed_headers @bytes NULL,
    ordering text NOT NULL,
    on_exhausted text NOT NULL,
    failing_since_ms bigint NULL,
    last_failed_ms bigint NULL
);
CREATE UNIQUE INDEX webhook_endpoint_primary ON webhook_endpoint (creditor_id) WHERE is_primary;
CREATE INDEX webhook_endpoint_creditor ON webhook_endpoint (creditor_id);
CREATE INDEX webhook_endpoint_disabled ON webhook_endpoint (id) WHERE state = 'disabled';
CREATE TABLE webhook_secret (
    id @uuid NOT NULL PRIMARY KEY,
    endpoint_id @uuid NOT NULL REFERENCES webhook_endpoint (id),
    sealed @bytes NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NULL
);
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id, created_ms);
";
