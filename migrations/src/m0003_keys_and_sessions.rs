//! API keys and dashboard sessions. The unique indexes are the product's rules: at most one live
//! full-access key, one retiring key, one read key, and one automatic issue ever, per creditor.

crate::dialect::step!(
    "m0003_keys_and_sessions",
    "
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
    ended_reason text NULL
);
CREATE UNIQUE INDEX api_key_one_current ON api_key (creditor_id, scope) WHERE state = 'current';
CREATE UNIQUE INDEX api_key_one_retiring ON api_key (creditor_id) WHERE state = 'retiring';
CREATE UNIQUE INDEX api_key_one_automatic ON api_key (creditor_id) WHERE origin = 'automatic';
CREATE INDEX api_key_creditor ON api_key (creditor_id);
CREATE TABLE session (
    id @uuid NOT NULL PRIMARY KEY,
    token_hash @bytes NOT NULL UNIQUE,
    kind text NOT NULL,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX session_creditor ON session (creditor_id);
CREATE INDEX session_expiry ON session (expires_ms);
"
);
