//! The handle of this module: the dependencies of an outbox, and the recipient of its committed deliveries.

use std::sync::Arc;

use entities::ids::EndpointId;

use crate::cluster::Cluster;
use crate::infra::Env;
use crate::leases::{LeaseTable, LeasedDelivery};
use crate::supervision::Recipient;

/// Committed deliveries that concern this process.
#[derive(Debug)]
pub(crate) enum DeliveryWork {
    /// Rows that were inserted pre-leased by this process.
    Leased { rows: Vec<LeasedDelivery> },
    /// Rows of these endpoints were inserted without a lease and are due.
    Pending {
        endpoints: Vec<EndpointId>,
        /// The rows have an ordering key.
        in_order: bool,
    },
}

/// The dependencies of every outbox.
#[derive(Debug)]
pub(crate) struct OutboxContext {
    pub(crate) env: Arc<Env>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) leases: Arc<LeaseTable>,
    /// Receives the committed deliveries.
    pub(crate) work: Recipient<DeliveryWork>,
}
