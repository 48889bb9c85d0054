//! What the Node remembers between its rounds.

use std::sync::Arc;

use entities::queries::node::Notification;

use super::handle::Cluster;
use super::listener::Listening;
use crate::supervision::PeriodicTask;

/// Pages of 4 KiB (1 GiB) from which on somebody should know; then at twice as many, and so on.
pub(super) const LONG_WAL: i64 = 262_144;

/// What is to be rung out.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    pub(super) gathered: Notification,
    /// A round is on its way: one at a time, so that a slow database is rung less often.
    pub(super) busy: bool,
}

/// When each round begins next.
pub(crate) struct NodeState {
    pub(super) cluster: Arc<Cluster>,
    pub(super) heartbeats: PeriodicTask,
    pub(super) polls: PeriodicTask,
    pub(super) rescues: PeriodicTask,
    pub(super) cleanings: PeriodicTask,
    pub(super) checkpoints: PeriodicTask,
    /// Pages of the log from which on its length is told (again).
    pub(super) long_wal: i64,
    pub(super) notifier: Notifier,
    _listening: Listening,
}

impl NodeState {
    pub(super) fn new(cluster: Arc<Cluster>, listening: Listening) -> Self {
        Self {
            cluster,
            heartbeats: PeriodicTask::default(),
            polls: PeriodicTask::default(),
            rescues: PeriodicTask::default(),
            cleanings: PeriodicTask::default(),
            checkpoints: PeriodicTask::default(),
            long_wal: LONG_WAL,
            notifier: Notifier::default(),
            _listening: listening,
        }
    }
}
