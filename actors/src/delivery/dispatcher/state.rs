//! What the Dispatcher remembers.

use std::collections::HashSet;
use std::sync::Arc;

use entities::ids::EndpointId;
use ractor::RpcReplyPort;
use tokio::time::Instant;

use super::super::claim_queue::ClaimQueue;
use super::super::endpoint_actors::EndpointActors;
use super::super::handle::Delivery;
use super::super::orphans::Orphans;
use super::claim_interval::ClaimInterval;
use super::endpoints::Endpoints;
use crate::leases::LeaseTable;
use crate::supervision::PeriodicTask;

/// The state of the Dispatcher.
pub(crate) struct DispatcherState {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) leases: Arc<LeaseTable>,
    pub(crate) claim_queue: ClaimQueue,
    /// Whose lines are looked at when they are claimed for: only a matter of speed.
    pub(crate) in_order: HashSet<EndpointId>,
    pub(super) endpoints: Endpoints,
    pub(super) claim_interval: ClaimInterval,
    pub(super) polls: PeriodicTask,
    /// An extra poll comes at that time.
    pub(super) poll_by_ms: Option<i64>,
    /// Before that no extra look may begin.
    pub(super) next_poll: Instant,
    /// An extra look is on its way because another process rang.
    pub(super) rung: bool,
    pub(super) sweeps: PeriodicTask,
    pub(super) orphans: Orphans,
    pub(super) draining: Vec<RpcReplyPort<()>>,
    pub(crate) drains: bool,
}

impl DispatcherState {
    pub(super) fn new(delivery: Arc<Delivery>, endpoint_actors: Arc<EndpointActors>) -> Self {
        Self {
            endpoints: Endpoints::new(&delivery, endpoint_actors),
            leases: Arc::clone(&delivery.leases),
            delivery,
            claim_queue: ClaimQueue::default(),
            in_order: HashSet::new(),
            claim_interval: ClaimInterval::default(),
            polls: PeriodicTask::default(),
            poll_by_ms: None,
            next_poll: Instant::now(),
            rung: false,
            sweeps: PeriodicTask::default(),
            orphans: Orphans::default(),
            draining: Vec::new(),
            drains: false,
        }
    }
}
