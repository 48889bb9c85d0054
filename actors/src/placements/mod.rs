//! The ledger: every change to a placement, with its history, audit lines, events and stored
//! answer, in one transaction.
//!
//! [`Writer`]s take what waits in their mailbox and commit it together; [`Outbox`] is what every
//! transaction that produces events leaves behind, whichever room runs it.

mod apply;
mod batch;
mod batch_create;
mod command;
mod disputes;
mod executor;
mod handle;
mod tree;
mod views;
mod working_set;
mod writer;

pub(crate) use command::{BatchEntry, Command, CommandOutcome, Idempotency, Operation};
pub(crate) use handle::Writers;
pub(crate) use tree::placements_tree;
pub(crate) use views::placement_view;
#[cfg(feature = "fault-injection")]
pub(crate) use writer::WriterMsg;
