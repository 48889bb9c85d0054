//! The ledger: every change to a placement, with its history, audit lines, events and stored
//! answer, in one transaction.
//!
//! [`Writer`]s take what waits in their mailbox and commit it together; [`Journal`] is what every
//! transaction that produces events leaves behind, whichever room runs it.

mod apply;
mod batch;
mod branch;
mod command;
mod desk;
mod disputes;
mod journal;
mod place_many;
mod views;
mod working_set;
mod writer;

pub(crate) use branch::ledger_branch;
pub(crate) use command::{Command, Idempotency, Operation, Outcome};
pub(crate) use journal::{AuditLine, Journal};
pub(crate) use place_many::Row;
pub(crate) use views::placement_view;
pub(crate) use working_set::IDEMPOTENCY_MS;
pub(crate) use writer::WriterMsg;
