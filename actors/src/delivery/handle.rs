//! The handle of this module: the shared dependencies of delivery and the handles of its actors.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::messages::{CompleterMsg, DispatcherMsg, ReplayerMsg};
use super::metrics::Metrics;
use super::queue_depth::QueueDepth;
use super::sender::Sender;
use crate::cluster::Cluster;
use crate::creditor::Creditors;
use crate::infra::Env;
use crate::leases::LeaseTable;
use crate::supervision::ActorHandle;

/// Shared state and actor handles of delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) env: Arc<Env>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) creditors: Arc<Creditors>,
    /// The lease table: leases of this process and the capacity of each endpoint. It outlives the actors.
    pub(crate) leases: Arc<LeaseTable>,
    /// The HTTP client for webhooks. There is one, so that all sends share its connections.
    pub(crate) sender: Sender,
    pub(crate) metrics: Metrics,
    pub(crate) queue_depth: QueueDepth,
    pub(crate) dispatcher: ActorHandle<DispatcherMsg>,
    pub(crate) completer: ActorHandle<CompleterMsg>,
    pub(crate) replayer: ActorHandle<ReplayerMsg>,
    /// The dedicated runtime for actors and tasks that write to the database continuously.
    pub(crate) runtime: Handle,
}

impl Delivery {
    /// Whether this process may lease and send deliveries now.
    pub(super) fn may_send(&self) -> bool {
        self.cluster.membership.may_send(self.env.clock.mono_ms())
    }
}
