//! What the Dispatcher remembers.

use std::collections::HashSet;
use std::sync::Arc;

use entities::ids::EndpointId;
use ractor::RpcReplyPort;
use tokio::time::Instant;

use super::super::claim_queue::Demand;
use super::super::endpoint_actors::Roster;
use super::super::handle::Delivery;
use super::super::orphans::Orphans;
use super::claim_interval::Pace;
use super::endpoints::Endpoints;
use crate::leases::LeaseTable;
use crate::supervision::Chain;

/// The state of the Dispatcher.
pub(crate) struct DispatcherState {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) book: Arc<LeaseTable>,
    pub(crate) demand: Demand,
    /// Whose lines are looked at when they are claimed for: only a matter of speed.
    pub(crate) in_order: HashSet<EndpointId>,
    pub(super) endpoints: Endpoints,
    pub(super) pace: Pace,
    pub(super) polls: Chain,
    /// An extra poll comes at that time.
    pub(super) poll_by_ms: Option<i64>,
    /// Before that no extra look may begin.
    pub(super) next_poll: Instant,
    /// An extra look is on its way because another process rang.
    pub(super) rung: bool,
    pub(super) sweeps: Chain,
    pub(super) orphans: Orphans,
    pub(super) draining: Vec<RpcReplyPort<()>>,
    pub(crate) drains: bool,
}

impl DispatcherState {
    pub(super) fn new(delivery: Arc<Delivery>, roster: Arc<Roster>) -> Self {
        Self {
            endpoints: Endpoints::new(&delivery, roster),
            book: Arc::clone(&delivery.leases),
            delivery,
            demand: Demand::default(),
            in_order: HashSet::new(),
            pace: Pace::default(),
            polls: Chain::default(),
            poll_by_ms: None,
            next_poll: Instant::now(),
            rung: false,
            sweeps: Chain::default(),
            orphans: Orphans::default(),
            draining: Vec::new(),
            drains: false,
        }
    }
}
