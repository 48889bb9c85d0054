//! The Dispatcher: claims due deliveries for endpoints that have capacity, and hands them to the endpoint actors.
//!
//! Owns the claim queue and the endpoint actors. Never sends and never writes an outcome.

mod actor;
mod claim_interval;
mod claiming;
mod endpoints;
mod polling;
mod state;
mod sweeping;

pub(super) use state::Dispatcher;
