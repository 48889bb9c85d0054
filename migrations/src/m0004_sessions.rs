//! Dashboard sessions and onboarding tokens. All tokens of one sign-in share a `family_id`.

pub(crate) const SCRIPT: &str = "
CREATE TABLE session (
    id @uuid NOT NULL PRIMARY KEY,
    token_hash @bytes NOT NULL UNIQUE,
    kind text NOT NULL,
    creditor_id @uuid NOT NULL REFERENCES creditor (id),
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    family_id @uuid NOT NULL,
    seen_ms bigint NULL
);
CREATE INDEX session_creditor ON session (creditor_id);
CREATE INDEX session_expiry ON session (expires_ms);
CREATE INDEX session_family ON session (family_id);
";
