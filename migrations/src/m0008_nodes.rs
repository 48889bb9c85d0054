//! The processes that share this database, and what they tell each other.
//!
//! `counter` holds numbers that are allocated under a row lock, so that a reader who has seen n
//! will never see n-1 appear later.

crate::dialect::step!(
    "m0008_nodes",
    "
CREATE TABLE counter (
    name text NOT NULL PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO counter (name, value) VALUES ('node_epoch', 0), ('control_feed', 0);
CREATE TABLE node (
    epoch bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    started_ms bigint NOT NULL,
    heartbeat_ms bigint NOT NULL
);
CREATE TABLE control_feed (
    number bigint NOT NULL PRIMARY KEY,
    subject text NOT NULL,
    creditor_id @uuid NOT NULL,
    at_ms bigint NOT NULL
);
"
);
