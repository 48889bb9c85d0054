//! Test support that several modules share: databases with creditors and endpoints, and modules wired to them.

pub(crate) mod database;
