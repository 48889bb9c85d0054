//! What deliveries need, and where the actors of this folder are found.

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

/// The means of delivery.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) env: Arc<Env>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) creditors: Arc<Creditors>,
    /// What is leased, and what each endpoint may still be sent. It outlives the actors.
    pub(crate) leases: Arc<LeaseTable>,
    /// POSTs webhooks: one client, so that connections are shared.
    pub(crate) sender: Sender,
    pub(crate) metrics: Metrics,
    pub(crate) queue_depth: QueueDepth,
    pub(crate) dispatcher: ActorHandle<DispatcherMsg>,
    pub(crate) completer: ActorHandle<CompleterMsg>,
    pub(crate) replayer: ActorHandle<ReplayerMsg>,
    /// Where those live, or spawn, who write to the database all the time.
    pub(crate) runtime: Handle,
}
