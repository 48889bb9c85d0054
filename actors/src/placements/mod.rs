//! The ledger: every change to a placement, with its history, audit lines, events and stored
//! answer, in one transaction.
//!
//! [`Writer`]s take what waits in their mailbox and commit it together; [`Journal`] is what every
//! transaction that produces events leaves behind, whichever room runs it.

mod apply;
mod batch;
mod batch_create;
mod command;
mod disputes;
mod executor;
mod submit;
mod tree;
mod views;
mod working_set;
mod writer;

pub(crate) use batch_create::Row;
pub(crate) use command::{Command, Idempotency, Operation, Outcome};
pub(crate) use tree::ledger_branch;
pub(crate) use views::placement_view;
pub(crate) use working_set::IDEMPOTENCY_MS;
pub(crate) use writer::WriterMsg;
