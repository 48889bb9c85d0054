//! The state of the Node.

use std::sync::Arc;

use entities::queries::node::Notification;

use super::handle::Cluster;
use super::listener::Listening;
use crate::supervision::PeriodicTask;

/// The length of the write-ahead log, in pages of 4 KiB, from which on the Node logs a warning (1 GiB). The Node warns
/// again each time that the length has doubled.
pub(super) const LONG_WAL: i64 = 262_144;

/// The pending notification for the other processes.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    pub(super) gathered: Notification,
    /// Whether a notification is scheduled or being sent. Only one at a time, so that a slow database gets fewer.
    pub(super) busy: bool,
}

/// The state of the Node: its periodic tasks and its notifier.
pub(crate) struct NodeState {
    pub(super) cluster: Arc<Cluster>,
    pub(super) heartbeats: PeriodicTask,
    pub(super) polls: PeriodicTask,
    pub(super) rescues: PeriodicTask,
    pub(super) cleanings: PeriodicTask,
    pub(super) checkpoints: PeriodicTask,
    /// The length of the write-ahead log, in pages, from which on the next warning is logged.
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
