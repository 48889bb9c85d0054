//! Pre-leased deliveries: rows that are inserted with a lease, so that they need no claim. This is the common case.
//!
//! The outbox requests leases just before it inserts the rows. A row gets a lease only if it has no ordering key and
//! its endpoint has free capacity and no old backlog. Other rows are inserted as pending and claimed later. Rows of
//! hanging or paused endpoints therefore accumulate on disk and never in memory.
//!
//! A lease enters the lease table before the commit. After the commit, its row goes to the endpoint actor in memory. If
//! there is no commit, the lease is void.

use std::collections::{BTreeSet, HashMap, HashSet};

use entities::ids::{EndpointId, MessageId};
use entities::queries::delivery::{ClaimedDelivery, Fence};
use entities::queries::node::Notification;
use entities::{delivery, message};

use super::handle::{DeliveryWork, OutboxContext};
use crate::leases::LeasedDelivery;

/// The claim number of a pre-leased row. Later claims of the row have higher numbers.
const FIRST_CLAIM: i64 = 1;

/// The deliveries of a transaction, to be dispatched after its commit. Dropping the value means that the transaction
/// was not committed, and voids its leases.
#[derive(Debug, Default)]
#[must_use = "call `dispatch` after the commit"]
pub(crate) struct PostCommitDeliveries {
    leased: Vec<LeasedDelivery>,
    pending: BTreeSet<EndpointId>,
    ordered: BTreeSet<EndpointId>,
}

impl PostCommitDeliveries {
    /// Leases the rows of `enabled` endpoints that may be sent immediately. This process becomes their owner.
    pub(crate) fn lease(
        context: &OutboxContext,
        enabled: &HashSet<EndpointId>,
        messages: &[message::Model],
        deliveries: &mut [delivery::Model],
    ) -> Self {
        let mut outbound = Self::default();
        let now = context.env.clock.now();
        let may_lease = context.cluster.membership.may_send(now.mono_ms());
        let owner = context.cluster.membership.epoch();
        let messages: HashMap<MessageId, &message::Model> =
            messages.iter().map(|row| (row.id, row)).collect();
        for row in deliveries {
            if row.due_ms > now.time_ms {
                continue; // the caller sends it inline
            }
            let free = row.order_key.is_none() && enabled.contains(&row.endpoint_id);
            let lease = (may_lease && free)
                .then(|| {
                    context
                        .leases
                        .prelease(row.endpoint_id, fence(row, owner), now.mono_ms())
                })
                .flatten();
            match (lease, messages.get(&row.message_id)) {
                (Some(lease), Some(message)) => {
                    (row.owner, row.claim_no) = (Some(owner), FIRST_CLAIM);
                    let row = leased_row(row, message, lease.fence());
                    outbound.leased.push(LeasedDelivery { row, lease });
                }
                _ => outbound.add_pending(row),
            }
        }
        outbound
    }

    fn add_pending(&mut self, row: &delivery::Model) {
        let woken = match row.order_key {
            None => &mut self.pending,
            Some(_) => &mut self.ordered,
        };
        woken.insert(row.endpoint_id);
    }

    /// Combines two values.
    pub(crate) fn merge(mut self, mut other: Self) -> Self {
        self.leased.append(&mut other.leased);
        self.pending.append(&mut other.pending);
        self.ordered.append(&mut other.ordered);
        self
    }

    /// Hands the deliveries to the Dispatcher after the commit. If the Dispatcher is down, the leases are lost and the
    /// rows return to the queue. Wake-ups may be lost, because the poll finds pending rows.
    pub(crate) fn dispatch(mut self, context: &OutboxContext) {
        let rows = std::mem::take(&mut self.leased);
        if !rows.is_empty() {
            context.work.send(DeliveryWork::Leased { rows });
        }
        if !self.pending.is_empty() || !self.ordered.is_empty() {
            // Another process may have capacity for the rows, or this one may be about to stop.
            let due = true;
            context.cluster.notify(Notification { due, feed: false });
        }
        for (endpoints, in_order) in [(&self.pending, false), (&self.ordered, true)] {
            if !endpoints.is_empty() {
                let endpoints = endpoints.iter().copied().collect();
                context.work.send(DeliveryWork::Pending {
                    endpoints,
                    in_order,
                });
            }
        }
    }
}

impl Drop for PostCommitDeliveries {
    /// Voids the leases. If the outcome of the commit is unknown, rows may exist after all; the sweep finds them.
    fn drop(&mut self) {
        for leased in self.leased.drain(..) {
            leased.lease.complete();
        }
    }
}

fn fence(row: &delivery::Model, owner: i64) -> Fence {
    Fence {
        delivery: row.id,
        claim_no: FIRST_CLAIM,
        owner,
    }
}

fn leased_row(row: &delivery::Model, message: &message::Model, fence: Fence) -> ClaimedDelivery {
    ClaimedDelivery {
        fence,
        message: row.message_id,
        endpoint: row.endpoint_id,
        creditor: row.creditor_id,
        attempt: row.attempt,
        due_ms: row.due_ms,
        in_order: false,
        event_type: message.event_type.clone(),
        payload: message.payload.clone(),
        created_ms: message.created_ms,
        traceparent: message.traceparent.clone(),
    }
}
