//! Creditors, and their positions. The row lock of a position orders the creditor's events.

pub(crate) const SCRIPT: &str = "
CREATE TABLE creditor (
    id @uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    search text NOT NULL,
    password_hash text NOT NULL,
    tier text NOT NULL,
    limits_override text NULL,
    suspended_at_ms bigint NULL,
    support_only_mint @bool NOT NULL,
    posture_default text NOT NULL,
    company text NOT NULL,
    ein_sealed @bytes NULL,
    created_ms bigint NOT NULL
);
CREATE TABLE creditor_position (
    creditor_id @uuid NOT NULL PRIMARY KEY REFERENCES creditor (id),
    sequence bigint NOT NULL,
    updated_ms bigint NOT NULL
);
";
