//! Replay: a persistent job that makes failed and missing deliveries of a period due again.
//!
//! Owns the table `webhook_recovery`, in which each replay is a row. Never sends; the Dispatcher does.

mod start;
mod step;
mod worker;

pub(crate) use start::{show, start};
pub(super) use worker::Replayer;
