//! The state of the Dispatcher.

use std::collections::HashSet;
use std::sync::Arc;

use entities::ids::EndpointId;
use ractor::RpcReplyPort;
use tokio::time::Instant;

use super::super::claim_queue::ClaimQueue;
use super::super::endpoint_actors::EndpointActors;
use super::super::handle::Delivery;
use super::super::messages::DispatcherMsg;
use super::super::orphans::Orphans;
use super::claim_interval::ClaimInterval;
use super::endpoints::Endpoints;
use crate::supervision::PeriodicTask;

/// The actor that claims deliveries and supervises the endpoint actors. It owns the claim queue and the timing of
/// claims, polls and sweeps.
pub(crate) struct Dispatcher {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) claim_queue: ClaimQueue,
    /// Endpoints that may have ordered rows. Claims look for ordered rows of these endpoints only.
    pub(crate) in_order: HashSet<EndpointId>,
    pub(super) endpoints: Endpoints,
    pub(super) claim_interval: ClaimInterval,
    pub(super) polls: PeriodicTask<DispatcherMsg>,
    /// Time of the extra poll that is scheduled, in milliseconds since the epoch.
    pub(super) poll_by_ms: Option<i64>,
    /// Earliest time of the next extra poll.
    pub(super) next_poll: Instant,
    /// An extra poll is scheduled because another process sent a notification.
    pub(super) rung: bool,
    pub(super) sweeps: PeriodicTask<DispatcherMsg>,
    pub(super) orphans: Orphans,
    /// Callers that wait for the end of the drain.
    pub(super) draining: Vec<RpcReplyPort<()>>,
    /// The Dispatcher is draining and claims nothing more.
    pub(crate) is_draining: bool,
}

impl Dispatcher {
    pub(crate) fn new(delivery: Arc<Delivery>, endpoint_actors: Arc<EndpointActors>) -> Self {
        Self {
            endpoints: Endpoints::new(&delivery, endpoint_actors),
            claim_queue: ClaimQueue::default(),
            in_order: HashSet::new(),
            claim_interval: ClaimInterval::default(),
            polls: PeriodicTask::new(&delivery.dispatcher),
            poll_by_ms: None,
            next_poll: Instant::now(),
            rung: false,
            sweeps: PeriodicTask::new(&delivery.dispatcher),
            orphans: Orphans::default(),
            draining: Vec::new(),
            is_draining: false,
            delivery,
        }
    }
}
