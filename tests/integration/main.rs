//! Integration tests: they call the service through HTTP, on SQLite and on Postgres.
//!
//! `harness` provides a test with a database, servers (in this process, or as child processes that
//! can be killed), a webhook receiver, and a creditor that can create placements. A test waits for
//! a condition, never for a fixed time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod harness;

mod admission;
mod batch_create;
mod crash;
mod database_restart;
mod fault_points;
mod faults;
mod full_disk;
mod guards;
mod idempotency;
mod keys;
mod layers;
mod limits;
mod misbehaving;
mod observability;
mod onboarding;
mod oversized_bodies;
mod paused_process;
mod placement_actions;
mod placements;
mod pure_domain;
mod races;
mod revocation;
mod schema;
mod sessions;
mod settings;
mod shutdown;
mod two_nodes;
mod vocabulary;
mod webhook_endpoints;
mod webhook_order;
mod webhook_recovery;
mod webhooks;
