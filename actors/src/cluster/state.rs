//! What the Node remembers between its rounds.

use std::sync::Arc;

use entities::queries::node::Ring;

use super::handle::Cluster;
use super::listener::Listening;
use crate::supervision::Chain;

/// Pages of 4 KiB (1 GiB) from which on somebody should know; then at twice as many, and so on.
pub(super) const LONG_WAL: i64 = 262_144;

/// What is to be rung out.
#[derive(Debug, Default)]
pub(super) struct Bell {
    pub(super) gathered: Ring,
    /// A round is on its way: one at a time, so that a slow database is rung less often.
    pub(super) busy: bool,
}

/// When each round begins next.
pub(crate) struct NodeState {
    pub(super) cluster: Arc<Cluster>,
    pub(super) beats: Chain,
    pub(super) polls: Chain,
    pub(super) rescues: Chain,
    pub(super) cleanings: Chain,
    pub(super) checkpoints: Chain,
    /// Pages of the log from which on its length is told (again).
    pub(super) long_wal: i64,
    pub(super) bell: Bell,
    _listening: Listening,
}

impl NodeState {
    pub(super) fn new(cluster: Arc<Cluster>, listening: Listening) -> Self {
        Self {
            cluster,
            beats: Chain::default(),
            polls: Chain::default(),
            rescues: Chain::default(),
            cleanings: Chain::default(),
            checkpoints: Chain::default(),
            long_wal: LONG_WAL,
            bell: Bell::default(),
            _listening: listening,
        }
    }
}
