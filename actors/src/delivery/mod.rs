//! Webhook deliveries, from the queue to the POST: dispatcher, endpoint actors, sender and completer; replay, log, metrics.
//!
//! Owns the tables `delivery` and `delivery_attempt` from the moment a delivery is due. Never creates an event: that is `outbox`.

mod attempt;
mod claim_queue;
mod completer;
pub(crate) mod delivery_log;
mod disable;
mod dispatcher;
mod endpoint;
mod endpoint_actors;
mod endpoint_config;
pub(crate) mod erasure;
mod health_reporter;
mod metrics;
mod orphans;
pub(crate) mod replay;
mod sender;
mod test_event;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

pub(crate) use attempt::Leased;
pub(crate) use completer::CompleterMsg;
pub(crate) use dispatcher::DispatcherMsg;
pub(crate) use metrics::{LeasedHow, Levels, Metrics};
pub(crate) use replay::RecovererMsg;
pub(crate) use sender::{Sender, address_policy};
pub(crate) use test_event::send_test;
pub(crate) use tree::{Depth, delivery_branch};
