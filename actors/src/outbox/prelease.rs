//! Deliveries that are born leased: the common case, in which nothing has to be claimed.
//!
//! Whoever writes deliveries asks for their leases just before it inserts them. A row gets one only
//! if its endpoint has credit to spare, nothing older waiting, and no order to keep; the others are
//! inserted pending, and claimed. So what hangs or is paused piles up on disk, never in memory.
//!
//! A lease is in the leases before the commit that it is part of. After the commit its row goes to
//! the endpoint in memory; without one, the lease is void.

use std::collections::{BTreeSet, HashMap, HashSet};

use entities::ids::{EndpointId, MessageId};
use entities::queries::delivery::{ClaimedDelivery, Fence};
use entities::queries::node::Notification;
use entities::{delivery, message};

use super::handle::{DeliveryWork, OutboxContext};
use crate::leases::LeasedDelivery;

/// The claim number of a row that is born leased; one that is claimed later has a higher one.
const FIRST_CLAIM: i64 = 1;

/// What follows the commit of a transaction that has written deliveries. Dropped, it says that
/// nothing was committed.
#[derive(Debug, Default)]
#[must_use = "hand it over once the transaction is committed"]
pub(crate) struct PostCommitDeliveries {
    leased: Vec<LeasedDelivery>,
    pending: BTreeSet<EndpointId>,
    in_line: BTreeSet<EndpointId>,
}

impl PostCommitDeliveries {
    /// Leases what may be sent at once, of endpoints that are `enabled`: its rows become owned by
    /// this process.
    pub(crate) fn lease(
        context: &OutboxContext,
        enabled: &HashSet<EndpointId>,
        messages: &[message::Model],
        deliveries: &mut [delivery::Model],
    ) -> Self {
        let mut outbound = Self::default();
        let now_ms = context.env.clock.now_ms();
        let may_lease = context.cluster.membership.may_send(now_ms);
        let owner = context.cluster.membership.epoch();
        let messages: HashMap<MessageId, &message::Model> =
            messages.iter().map(|row| (row.id, row)).collect();
        for row in deliveries {
            if row.due_ms > now_ms {
                continue; // it is sent by hand
            }
            let free = row.order_key.is_none() && enabled.contains(&row.endpoint_id);
            let lease = (may_lease && free)
                .then(|| {
                    context
                        .leases
                        .prelease(row.endpoint_id, fence(row, owner), now_ms)
                })
                .flatten();
            match (lease, messages.get(&row.message_id)) {
                (Some(lease), Some(message)) => {
                    (row.owner, row.claim_no) = (Some(owner), FIRST_CLAIM);
                    let row = born(row, message, lease.fence());
                    outbound.leased.push(LeasedDelivery { row, lease });
                }
                _ => outbound.wakes(row),
            }
        }
        outbound
    }

    fn wakes(&mut self, row: &delivery::Model) {
        let woken = match row.order_key {
            None => &mut self.pending,
            Some(_) => &mut self.in_line,
        };
        woken.insert(row.endpoint_id);
    }

    /// Both together.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.leased.append(&mut other.leased);
        self.pending.append(&mut other.pending);
        self.in_line.append(&mut other.in_line);
        self
    }

    /// The transaction is committed: on to the Dispatcher. Should it be away, the leases are lost,
    /// and the rows go back to the queue; a wake is only a hint.
    pub(crate) fn dispatch(mut self, context: &OutboxContext) {
        let rows = std::mem::take(&mut self.leased);
        if !rows.is_empty() {
            context.work.send(DeliveryWork::Leased { rows });
        }
        if !self.pending.is_empty() || !self.in_line.is_empty() {
            // Another process may have credit for them, or this one may be about to stop.
            let due = true;
            context.cluster.notify(Notification { due, feed: false });
        }
        for (endpoints, in_order) in [(&self.pending, false), (&self.in_line, true)] {
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
    /// Of a commit whose end nobody knows, rows may be there after all: the sweep finds them.
    fn drop(&mut self) {
        for leased in self.leased.drain(..) {
            leased.lease.settle();
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

fn born(row: &delivery::Model, message: &message::Model, fence: Fence) -> ClaimedDelivery {
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
