//! The room from outside: its SQL on both backends, and its actors against a real receiver.

mod endings;
mod journeys;
mod lines;
mod plans;
mod pruning;
mod queue;
pub(crate) mod receiver;
pub(crate) mod tree;
mod views;
