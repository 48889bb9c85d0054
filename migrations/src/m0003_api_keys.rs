//! API keys and their last uses.
//!
//! Partial unique indexes enforce "at most one key" across all nodes. Last uses have their own table, because a key's
//! row is written under its creditor's lock and requests must not wait for that lock.

pub(crate) const SCRIPT: &str = "
CREATE TABLE api_key (
    id @uuid NOT NULL PRIMARY KEY,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
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
);
CREATE UNIQUE INDEX api_key_one_current ON api_key (creditor_id, scope) WHERE state = 'current';
CREATE UNIQUE INDEX api_key_one_retiring ON api_key (creditor_id) WHERE state = 'retiring';
CREATE UNIQUE INDEX api_key_one_automatic ON api_key (creditor_id) WHERE origin = 'automatic';
CREATE INDEX api_key_creditor ON api_key (creditor_id);
CREATE TABLE api_key_use (
    key_id @uuid NOT NULL PRIMARY KEY,
    last_used_ms bigint NOT NULL,
    address text NOT NULL
);
";
