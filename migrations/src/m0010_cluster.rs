//! The nodes that share the database, and the control feed between them.
//!
//! `cluster_counter` allocates numbers under its row's lock. A number therefore never becomes visible after a later
//! one.

pub(crate) const SCRIPT: &str = "
CREATE TABLE cluster_counter (
    name text NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO cluster_counter (name, value) VALUES ('node_epoch', 0), ('control_feed', 0);
CREATE TABLE node (
    epoch bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    started_ms bigint NOT NULL,
    heartbeat_ms bigint NOT NULL
);
CREATE TABLE control_feed (
    number bigint NOT NULL PRIMARY KEY,
    kind text NOT NULL,
    creditor_id @uuid NOT NULL,
    at_ms bigint NOT NULL
);
";
