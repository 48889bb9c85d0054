//! What a transaction needs to write its events, and where their deliveries go after the commit.

use std::sync::Arc;

use entities::ids::EndpointId;

use crate::cluster::Cluster;
use crate::infra::Env;
use crate::leases::{LeaseTable, LeasedDelivery};
use crate::supervision::Recipient;

/// Committed deliveries that concern this process.
#[derive(Debug)]
pub(crate) enum DeliveryWork {
    /// Rows that were inserted with a lease of this process.
    Leased { rows: Vec<LeasedDelivery> },
    /// Rows of these endpoints were inserted without a lease and are due.
    Pending {
        endpoints: Vec<EndpointId>,
        /// They are delivered in order.
        in_order: bool,
    },
}

/// The means of every outbox.
#[derive(Debug)]
pub(crate) struct OutboxContext {
    pub(crate) env: Arc<Env>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) leases: Arc<LeaseTable>,
    /// Who delivers.
    pub(crate) work: Recipient<DeliveryWork>,
}
