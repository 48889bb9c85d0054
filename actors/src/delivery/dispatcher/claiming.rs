//! The claims of the Dispatcher: which endpoints, how many rows, and what happens to the claimed rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entities::DbErr;
use entities::ids::EndpointId;
use entities::queries::delivery::{self as queue, ClaimRequest, ClaimedDelivery};
use tokio::time::Instant;

use super::super::handle::Delivery;
use super::super::messages::{Claim, DispatcherMsg};
use super::super::metrics::LeaseOrigin;
use super::super::release::release;
use super::state::Dispatcher;
use crate::leases::{LeasedDelivery, Reservation};
use crate::supervision::spawn_and_notify_on;

/// Approximate maximum rows of one claim. It can be exceeded, because the credit of an endpoint is never split.
const BATCH: u32 = 1_024;
/// Minimum weight of an endpoint in a claim, whatever its credit, because each endpoint costs a lookup.
const MIN_WEIGHT: u32 = 4;

impl Dispatcher {
    pub(super) fn wake(&mut self, endpoints: &[EndpointId], in_order: bool) {
        let now_ms = self.delivery.env.clock.mono_ms();
        for endpoint in endpoints {
            self.claim_queue.wake(*endpoint);
            self.delivery.leases.begin_backlog(*endpoint, now_ms);
        }
        if in_order {
            self.in_order.extend(endpoints);
        }
        self.claim_soon();
    }

    pub(super) fn capacity_freed(&mut self, endpoints: &[EndpointId], next_due_ms: Option<i64>) {
        for endpoint in endpoints {
            self.claim_queue.capacity_freed(*endpoint);
        }
        self.poll_by(next_due_ms);
        self.claim_soon();
    }

    pub(super) fn claim_soon(&mut self) {
        if self.claim_interval.busy || self.is_draining || self.claim_queue.is_empty() {
            return;
        }
        let pause = self.claim_interval.pause();
        if pause.is_zero() {
            self.claim();
        } else {
            self.claim_interval.busy = true;
            self.delivery
                .dispatcher
                .send_after(pause, DispatcherMsg::Claim);
        }
    }

    /// Spawns one claim for the next endpoints in the queue that have capacity.
    pub(super) fn claim(&mut self) {
        self.claim_interval.busy = false;
        let now = self.delivery.env.clock.now();
        if self.is_draining || !self.delivery.may_send() {
            return;
        }
        let leases = &self.delivery.leases;
        let reservations = self.claim_queue.take(
            BATCH,
            |endpoint| leases.reserve(endpoint, now.mono_ms()),
            |reservation| reservation.credits().max(MIN_WEIGHT),
        );
        if reservations.is_empty() {
            return;
        }
        self.claim_interval.busy = true;
        self.claim_interval.last = Some(Instant::now());
        // Remove the flags now; `claimed` sets them again from what the claim finds. A wake-up during the claim then
        // also sets the flag.
        let ordered = reservations
            .iter()
            .map(Reservation::endpoint)
            .filter(|endpoint| self.in_order.remove(endpoint))
            .collect();
        let requests = reservations
            .iter()
            .map(|reservation| self.request_of(reservation))
            .collect();
        self.spawn_claim(reservations, requests, ordered, now.time_ms);
    }

    fn request_of(&self, reservation: &Reservation) -> ClaimRequest {
        let endpoint = reservation.endpoint();
        ClaimRequest {
            endpoint,
            max_rows: reservation.credits(),
            scan_floor_ms: self.endpoints.scan_floor_ms(endpoint),
        }
    }

    fn spawn_claim(
        &self,
        reservations: Vec<Reservation>,
        requests: Vec<ClaimRequest>,
        ordered: HashSet<EndpointId>,
        now_ms: i64,
    ) {
        let died = DispatcherMsg::Claimed {
            requests: requests.clone(),
            claim: Claim::default(),
        };
        let delivery = Arc::clone(&self.delivery);
        let (runtime, me) = (&self.delivery.runtime, &self.delivery.dispatcher);
        spawn_and_notify_on(runtime, me, died, async move {
            let claim = claim(&delivery, reservations, &requests, &ordered, now_ms).await;
            let claim = claim.unwrap_or_else(|error| {
                tracing::warn!(%error, "claiming deliveries failed; the next poll tries again");
                Claim::default()
            });
            DispatcherMsg::Claimed { requests, claim }
        });
    }

    pub(super) async fn claimed(&mut self, requests: Vec<ClaimRequest>, claim: Claim) {
        self.claim_interval.busy = false;
        self.claim_interval.back = Some(Instant::now());
        self.in_order.extend(&claim.have_ordered);
        let metrics = &self.delivery.metrics;
        metrics.leased(LeaseOrigin::Claimed, claim.rows.len());
        let mut by_endpoint = by_endpoint(claim.rows);
        for ClaimRequest {
            endpoint, max_rows, ..
        } in requests
        {
            let rows = by_endpoint.remove(&endpoint).unwrap_or_default();
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let more = count >= max_rows || claim.have_more.contains(&endpoint);
            if !self.claim_queue.claimed(endpoint, more) {
                self.delivery.leases.end_backlog(endpoint);
            }
            let latest_ms = latest_unordered_due_ms(&rows);
            self.deliver(endpoint, rows).await;
            self.endpoints.raise_floor(endpoint, latest_ms);
        }
        self.claim_soon();
    }

    /// Hands on pre-leased rows, which need no claim.
    pub(super) async fn preleased(&mut self, rows: Vec<LeasedDelivery>) {
        let metrics = &self.delivery.metrics;
        metrics.leased(LeaseOrigin::Preleased, rows.len());
        for (endpoint, rows) in by_endpoint(rows) {
            self.deliver(endpoint, rows).await;
        }
    }

    async fn deliver(&mut self, endpoint: EndpointId, rows: Vec<LeasedDelivery>) {
        if rows.is_empty() {
            return;
        }
        if self.is_draining {
            release(&self.delivery.completer, rows);
            return;
        }
        self.endpoints.deliver(endpoint, rows).await;
    }
}

/// The latest due time of the rows that have no ordering key. Ordered rows are claimed by other rules, so their due
/// times do not bound the scan.
fn latest_unordered_due_ms(rows: &[LeasedDelivery]) -> Option<i64> {
    let rows = rows.iter().filter(|leased| !leased.row.in_order);
    rows.map(|leased| leased.row.due_ms).max()
}

fn by_endpoint(rows: Vec<LeasedDelivery>) -> HashMap<EndpointId, Vec<LeasedDelivery>> {
    let mut by_endpoint: HashMap<_, Vec<_>> = HashMap::new();
    for leased in rows {
        by_endpoint
            .entry(leased.row.endpoint)
            .or_default()
            .push(leased);
    }
    by_endpoint
}

/// Claims rows in one short transaction. Every row enters the lease table before the commit.
async fn claim(
    delivery: &Delivery,
    mut reservations: Vec<Reservation>,
    requests: &[ClaimRequest],
    ordered: &HashSet<EndpointId>,
    now_ms: i64,
) -> Result<Claim, DbErr> {
    let (transaction, owner) = (
        delivery.env.db.begin().await?,
        delivery.cluster.membership.epoch(),
    );
    let mut claim = Claim::default();
    let rows = queue::claim(&transaction, owner, requests, now_ms).await?;
    claim.hold(&mut reservations, rows);
    for reservation in &mut reservations {
        let endpoint = reservation.endpoint();
        if !ordered.contains(&endpoint) {
            continue;
        }
        let want = ClaimRequest {
            endpoint,
            max_rows: reservation.credits(),
            scan_floor_ms: 0,
        };
        let found = queue::claim_in_order(&transaction, owner, want, now_ms).await?;
        claim
            .have_ordered
            .extend(found.has_ordering_keys.then_some(endpoint));
        claim.have_more.extend(found.more.then_some(endpoint));
        claim.hold(std::slice::from_mut(reservation), found.claimed);
    }
    transaction.commit().await?;
    Ok(claim)
}

impl Claim {
    fn hold(&mut self, reservations: &mut [Reservation], rows: Vec<ClaimedDelivery>) {
        for row in rows {
            let reservation = reservations
                .iter_mut()
                .find(|one| one.endpoint() == row.endpoint);
            if let Some(reservation) = reservation {
                self.rows.push(LeasedDelivery {
                    lease: reservation.lease(row.fence),
                    row,
                });
            }
        }
    }
}
