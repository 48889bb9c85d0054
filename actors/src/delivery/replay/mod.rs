//! Replay: deliveries of a period that failed or are missing are made due again, as a job that survives a restart.

mod start;
mod step;
mod worker;

pub(crate) use start::{show, start};
pub(super) use worker::{Replayer, ReplayerArgs};
