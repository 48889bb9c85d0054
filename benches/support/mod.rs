//! Shared parts of the benches: load generators, latency histograms, seed data and a server.

pub(crate) mod client;
pub(crate) mod cpu;
pub(crate) mod latency;
pub(crate) mod load;
pub(crate) mod memory;
pub(crate) mod seed;
pub(crate) mod server;
pub(crate) mod webhooks;
