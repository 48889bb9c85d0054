//! What admission needs to know of a key beyond its hash, when it was used last, and how a session ages.

crate::dialect::step!(
    "m0009_admission",
    "
ALTER TABLE api_key ADD COLUMN allowed_networks text NULL;
ALTER TABLE api_key ADD COLUMN retired_ms bigint NULL;
ALTER TABLE api_key ADD COLUMN expiring_told_ms bigint NULL;
CREATE TABLE api_key_use (
    key_id @uuid NOT NULL PRIMARY KEY,
    last_used_ms bigint NOT NULL,
    address text NOT NULL
);
ALTER TABLE session ADD COLUMN family_id @uuid NULL;
ALTER TABLE session ADD COLUMN seen_ms bigint NULL;
CREATE INDEX session_family ON session (family_id);
"
);
