//! The Dispatcher: claims due deliveries for endpoints that have capacity, and hands them to the actors of those endpoints.

mod actor;
mod claiming;
mod endpoints;
mod polling;
mod sweeping;

pub(crate) use actor::{Dispatcher, DispatcherArgs, DispatcherMsg};
