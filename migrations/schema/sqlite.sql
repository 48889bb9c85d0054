CREATE TABLE agreement_acceptance (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL REFERENCES creditor (id),
    version text NOT NULL,
    signatory_name text NOT NULL,
    source text NOT NULL,
    accepted_ms bigint NOT NULL
)
CREATE INDEX agreement_acceptance_creditor ON agreement_acceptance (creditor_id, accepted_ms)
CREATE TABLE api_key (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL REFERENCES creditor (id),
    prefix text NOT NULL UNIQUE,
    scope text NOT NULL,
    state text NOT NULL,
    origin text NOT NULL,
    secret_hash text NULL,
    created_ms bigint NOT NULL,
    revealed_ms bigint NULL,
    expires_ms bigint NULL,
    ended_ms bigint NULL,
    ended_reason text NULL,
    allowed_networks text NULL,
    retired_ms bigint NULL,
    expiry_notified_ms bigint NULL
)
CREATE INDEX api_key_creditor ON api_key (creditor_id)
CREATE INDEX api_key_ended ON api_key (ended_ms) WHERE state = 'ended'
CREATE UNIQUE INDEX api_key_one_automatic ON api_key (creditor_id) WHERE origin = 'automatic'
CREATE UNIQUE INDEX api_key_one_current ON api_key (creditor_id, scope) WHERE state = 'current'
CREATE UNIQUE INDEX api_key_one_retiring ON api_key (creditor_id) WHERE state = 'retiring'
CREATE TABLE api_key_use (
    key_id blob NOT NULL PRIMARY KEY,
    last_used_ms bigint NOT NULL,
    address text NOT NULL
)
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
CREATE TABLE audit_event (
    id blob NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    creditor_id blob NULL,
    placement_id blob NULL,
    at_ms bigint NOT NULL,
    data text NOT NULL,
    trace_id text NULL,
    PRIMARY KEY (at_ms, id)
) WITHOUT ROWID
CREATE INDEX audit_event_creditor ON audit_event (creditor_id, at_ms, id)
CREATE INDEX audit_event_placement ON audit_event (placement_id, at_ms, id)
CREATE TABLE cluster_counter (
    name text NOT NULL PRIMARY KEY,
    value bigint NOT NULL
)
CREATE TABLE control_feed (
    number bigint NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    creditor_id blob NOT NULL,
    at_ms bigint NOT NULL
)
CREATE TABLE creditor (
    id blob NOT NULL PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    search text NOT NULL,
    password_hash text NOT NULL,
    tier text NOT NULL,
    limits_override text NULL,
    suspended_at_ms bigint NULL,
    support_only_mint boolean NOT NULL,
    posture_default text NOT NULL,
    company text NOT NULL,
    ein_sealed blob NULL,
    created_ms bigint NOT NULL
)
CREATE TABLE creditor_position (
    creditor_id blob NOT NULL PRIMARY KEY REFERENCES creditor (id),
    sequence bigint NOT NULL,
    updated_ms bigint NOT NULL
, placement_counts text NOT NULL DEFAULT '{}')
CREATE TABLE delivery (
    id blob NOT NULL PRIMARY KEY,
    message_id blob NOT NULL,
    endpoint_id blob NOT NULL,
    creditor_id blob NOT NULL,
    state text NOT NULL,
    due_ms bigint NOT NULL,
    owner bigint NULL,
    claim_no bigint NOT NULL,
    attempt integer NOT NULL,
    order_key blob NULL,
    sequence bigint NOT NULL,
    response_status integer NULL
)  WITHOUT ROWID
CREATE INDEX delivery_creditor ON delivery (creditor_id, id) WHERE owner IS NULL
CREATE INDEX delivery_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key IS NULL
CREATE INDEX delivery_endpoint_order ON delivery (endpoint_id, sequence)
    WHERE state IN ('pending', 'failed') AND order_key IS NOT DISTINCT FROM endpoint_id
CREATE INDEX delivery_leased_order ON delivery (endpoint_id, order_key)
    WHERE owner IS NOT NULL AND order_key <> endpoint_id
CREATE INDEX delivery_owner ON delivery (owner) WHERE owner IS NOT NULL
CREATE INDEX delivery_placement_order ON delivery (endpoint_id, order_key, sequence)
    WHERE state IN ('pending', 'failed') AND order_key <> endpoint_id
CREATE INDEX delivery_placement_order_due ON delivery (endpoint_id, due_ms, id)
    WHERE owner IS NULL AND state IN ('pending', 'failed') AND order_key <> endpoint_id
CREATE TABLE delivery_attempt (
    id blob NOT NULL PRIMARY KEY,
    delivery_id blob NOT NULL,
    message_id blob NOT NULL,
    endpoint_id blob NOT NULL,
    creditor_id blob NOT NULL,
    attempt integer NOT NULL,
    outcome text NOT NULL,
    at_ms bigint NOT NULL,
    latency_ms bigint NOT NULL,
    response_status integer NULL,
    error text NULL,
    response_excerpt text NULL
) WITHOUT ROWID
CREATE INDEX delivery_attempt_delivered ON delivery_attempt (creditor_id, delivery_id) WHERE outcome = 'delivered'
CREATE INDEX delivery_attempt_delivery ON delivery_attempt (delivery_id, attempt)
CREATE TABLE dispute (
    id blob NOT NULL PRIMARY KEY,
    placement_id blob NOT NULL REFERENCES placement (id),
    creditor_id blob NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    answer text NULL,
    opened_ms bigint NOT NULL,
    answered_ms bigint NULL,
    acknowledged_ms bigint NULL,
    resolution text NULL,
    resolved_ms bigint NULL
)
CREATE INDEX dispute_creditor ON dispute (creditor_id, opened_ms)
CREATE UNIQUE INDEX dispute_one_open ON dispute (placement_id) WHERE status = 'open'
CREATE TABLE gate (
    creditor_id blob NOT NULL REFERENCES creditor (id),
    gate text NOT NULL,
    fact_at_ms bigint NOT NULL,
    seen integer NOT NULL,
    source text NOT NULL,
    changed_ms bigint NOT NULL,
    PRIMARY KEY (creditor_id, gate)
)
CREATE TABLE idempotency_record (
    creditor_id blob NOT NULL,
    key text NOT NULL,
    fingerprint blob NOT NULL,
    operation text NOT NULL,
    placement_id blob NULL,
    outcome text NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (creditor_id, key)
)
CREATE INDEX idempotency_record_age ON idempotency_record (created_ms)
CREATE INDEX idempotency_record_placement ON idempotency_record (placement_id, operation)
    WHERE operation <> 'place'
CREATE TABLE installation (
    name text NOT NULL PRIMARY KEY,
    value text NOT NULL
)
CREATE TABLE message (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL,
    event_type text NOT NULL,
    sequence bigint NOT NULL,
    payload text NOT NULL,
    created_ms bigint NOT NULL,
    initial_deliveries integer NOT NULL,
    traceparent text NULL,
    UNIQUE (creditor_id, sequence)
)
CREATE INDEX message_undelivered ON message (creditor_id, sequence) WHERE initial_deliveries = 0
CREATE TABLE node (
    epoch bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    started_ms bigint NOT NULL,
    heartbeat_ms bigint NOT NULL
, draining boolean NOT NULL DEFAULT false)
CREATE TABLE onboarding_event (
    id blob NOT NULL PRIMARY KEY,
    provider text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    external_id text NOT NULL,
    creditor_id blob NULL REFERENCES creditor (id),
    gate text NULL,
    fact_value text NULL,
    names_previous boolean NOT NULL,
    occurred_ms bigint NOT NULL,
    outcome text NOT NULL,
    received_ms bigint NOT NULL,
    UNIQUE (provider, event_id)
)
CREATE INDEX onboarding_event_account ON onboarding_event (provider, external_id, occurred_ms)
CREATE INDEX onboarding_event_age ON onboarding_event (received_ms)
CREATE INDEX onboarding_event_creditor ON onboarding_event (creditor_id, received_ms)
CREATE INDEX onboarding_event_unlinked ON onboarding_event (received_ms) WHERE creditor_id IS NULL
CREATE TABLE payment (
    id blob NOT NULL PRIMARY KEY,
    placement_id blob NOT NULL REFERENCES placement (id),
    creditor_id blob NOT NULL,
    amount_cents bigint NOT NULL,
    recorded_ms bigint NOT NULL
)
CREATE INDEX payment_placement ON payment (placement_id, recorded_ms)
CREATE TABLE placement (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL,
    invoice_number text NOT NULL,
    invoice_date text NOT NULL,
    due_date text NOT NULL,
    amount_cents bigint NOT NULL,
    paid_cents bigint NOT NULL,
    status text NOT NULL,
    paused boolean NOT NULL,
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
)
CREATE INDEX placement_feed ON placement (creditor_id, updated_ms, id)
CREATE INDEX placement_placed ON placement (creditor_id, placed_ms, id)
CREATE TABLE placement_history (
    id blob NOT NULL,
    placement_id blob NOT NULL,
    creditor_id blob NOT NULL,
    from_status text NULL,
    to_status text NOT NULL,
    actor text NOT NULL,
    reason text NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (placement_id, at_ms, id)
) WITHOUT ROWID
CREATE TABLE provider_account (
    provider text NOT NULL,
    external_id text NOT NULL,
    creditor_id blob NULL REFERENCES creditor (id),
    PRIMARY KEY (provider, external_id)
)
CREATE INDEX provider_account_creditor ON provider_account (creditor_id)
CREATE TABLE retention_cursor (
    name text NOT NULL PRIMARY KEY,
    position blob NOT NULL
)
CREATE TABLE session (
    id blob NOT NULL PRIMARY KEY,
    token_hash blob NOT NULL UNIQUE,
    kind text NOT NULL,
    creditor_id blob NOT NULL REFERENCES creditor (id),
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    family_id blob NOT NULL,
    seen_ms bigint NULL
)
CREATE INDEX session_creditor ON session (creditor_id)
CREATE INDEX session_expiry ON session (expires_ms)
CREATE INDEX session_family ON session (family_id)
CREATE TABLE webhook_endpoint (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL REFERENCES creditor (id),
    is_primary boolean NOT NULL,
    url text NOT NULL,
    events text NULL,
    state text NOT NULL,
    state_reason text NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    description text NULL,
    throttle_per_second integer NULL,
    sealed_headers blob NULL,
    ordering text NOT NULL,
    on_exhausted text NOT NULL,
    failing_since_ms bigint NULL,
    last_failed_ms bigint NULL
)
CREATE INDEX webhook_endpoint_creditor ON webhook_endpoint (creditor_id) WHERE url <> ''
CREATE INDEX webhook_endpoint_disabled ON webhook_endpoint (updated_ms) WHERE state = 'disabled'
CREATE UNIQUE INDEX webhook_endpoint_primary ON webhook_endpoint (creditor_id) WHERE is_primary
CREATE INDEX webhook_endpoint_receiving ON webhook_endpoint (creditor_id, id) WHERE state <> 'disabled'
CREATE INDEX webhook_endpoint_removed ON webhook_endpoint (updated_ms) WHERE url = '' AND NOT is_primary
CREATE TABLE webhook_recovery (
    id blob NOT NULL PRIMARY KEY,
    creditor_id blob NOT NULL REFERENCES creditor (id),
    requested_by text NOT NULL,
    state text NOT NULL,
    since_ms bigint NOT NULL,
    until_ms bigint NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    delivery_cursor blob NOT NULL,
    message_cursor bigint NOT NULL,
    requeued bigint NOT NULL,
    created bigint NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL
)
CREATE INDEX webhook_recovery_creditor ON webhook_recovery (creditor_id, id)
CREATE INDEX webhook_recovery_done ON webhook_recovery (updated_ms) WHERE state = 'done'
CREATE INDEX webhook_recovery_running ON webhook_recovery (updated_ms) WHERE state <> 'done'
CREATE TABLE webhook_secret (
    id blob NOT NULL PRIMARY KEY,
    endpoint_id blob NOT NULL REFERENCES webhook_endpoint (id),
    sealed blob NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NULL
)
CREATE INDEX webhook_secret_endpoint ON webhook_secret (endpoint_id, created_ms)
CREATE INDEX webhook_secret_expiry ON webhook_secret (expires_ms) WHERE expires_ms IS NOT NULL
CREATE TABLE write_probe (
    id bigint NOT NULL PRIMARY KEY,
    data blob NOT NULL
)
CREATE TABLE writer_batch (
    id blob NOT NULL PRIMARY KEY,
    committed_ms bigint NOT NULL
)
CREATE INDEX writer_batch_age ON writer_batch (committed_ms)
