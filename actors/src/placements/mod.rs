//! Placements: every change to a placement, with its history, audit entries, events and stored answer, in one
//! transaction.
//!
//! The [`Writers`] batch the commands of their mailboxes and commit each batch together. The rules for a change live
//! in [`crate::domain::placement`]; this module never decides on its own what a command may do.

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

pub(crate) use command::{BatchEntry, Command, CommandOutcome, Operation};
pub(crate) use handle::Writers;
pub(crate) use tree::placements_tree;
pub(crate) use views::placement_view;
#[cfg(feature = "fault-injection")]
pub(crate) use writer::WriterMsg;
