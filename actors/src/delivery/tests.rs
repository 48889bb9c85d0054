//! Tests of delivery: its SQL on both databases, and its actors against a real receiver.

mod completion;
mod end_to_end;
mod ordering;
mod pruning;
mod query_plans;
mod queue;
pub(crate) mod receiver;
pub(crate) mod running_delivery;
mod views;
