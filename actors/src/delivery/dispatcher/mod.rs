//! The Dispatcher: claims due deliveries for endpoints that have capacity, and hands them to the actors of those endpoints.

mod actor;
mod claim_interval;
mod claiming;
mod endpoints;
mod polling;
mod state;
mod sweeping;

pub(super) use actor::{Dispatcher, DispatcherArgs};
