//! What the benches stand on: a load generator that costs little, latencies, and a server to aim at.

pub(crate) mod client;
pub(crate) mod cpu;
pub(crate) mod latency;
pub(crate) mod load;
pub(crate) mod memory;
pub(crate) mod seed;
pub(crate) mod server;
pub(crate) mod webhooks;
