//! Facts about the installation that every process checks at its start, the row with which the processes test whether
//! the database accepts writes again, and the mark of a node that is draining.

pub(crate) const SCRIPT: &str = "
CREATE TABLE installation (
    name text NOT NULL PRIMARY KEY,
    value text NOT NULL
);
CREATE TABLE write_probe (
    id bigint NOT NULL PRIMARY KEY,
    data @bytes NOT NULL
);
ALTER TABLE node ADD COLUMN draining @bool NOT NULL DEFAULT false;
";
