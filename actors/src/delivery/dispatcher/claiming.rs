//! The Dispatcher's claims: whose turn, how many rows, and what happens when they are here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::EndpointId;
use entities::queries::delivery::{self as queue, Want};
use ractor::ActorRef;
use tokio::time::Instant;

use super::{ClaimError, DispatcherMsg, DispatcherState};
use crate::delivery::attempt::{Leased, give_back};
use crate::delivery::book::Grant;
use crate::delivery::demand::Offer;
use crate::delivery::lease::Reservation;
use crate::house::House;
use crate::supervision::spawn_reporting;

/// Rows of one claim, about: an endpoint's credit is never divided.
const BATCH: u32 = 256;
/// From one claim to the next: what arrives in between shares it.
const CLAIM_PAUSE: Duration = Duration::from_millis(2);
/// For whom a claim is, and with how much credit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    endpoint: EndpointId,
    credit: u32,
}

/// When the next claim may begin.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    /// A claim is out, or a Claim is on its way.
    busy: bool,
}

impl Pace {
    fn pause(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| {
            CLAIM_PAUSE.saturating_sub(last.elapsed())
        })
    }
}

impl DispatcherState {
    pub(super) fn wake(&mut self, endpoints: &[EndpointId]) {
        for endpoint in endpoints {
            self.demand.wake(*endpoint);
        }
        self.claim_soon();
    }

    pub(super) fn credit_free(&mut self, endpoints: &[EndpointId], next_due_ms: Option<i64>) {
        for endpoint in endpoints {
            self.demand.feed(*endpoint);
        }
        self.poll_by(next_due_ms);
        self.claim_soon();
    }

    pub(super) fn claim_soon(&mut self) {
        if self.pace.busy || self.drains || self.demand.is_empty() {
            return;
        }
        let pause = self.pace.pause();
        if pause.is_zero() {
            self.claim();
        } else {
            self.pace.busy = true;
            self.house
                .addresses
                .dispatcher
                .send_after(pause, DispatcherMsg::Claim);
        }
    }

    /// Spawns one claim for whoever has a turn and credit.
    pub(super) fn claim(&mut self) {
        self.pace.busy = false;
        let now_ms = self.house.clock.now_ms();
        if self.drains || !self.house.standing.may_send(now_ms) {
            return;
        }
        let book = &self.book;
        let reservations =
            self.demand
                .take(BATCH, |endpoint| match book.reserve(endpoint, now_ms) {
                    Grant::Credit(reservation) => Offer::Credit(reservation.credits(), reservation),
                    Grant::Busy => Offer::Busy,
                    Grant::Shut => Offer::Shut,
                });
        if reservations.is_empty() {
            return;
        }
        self.pace.busy = true;
        self.pace.last = Some(Instant::now());
        let wants = reservations
            .iter()
            .map(|reservation| self.want(reservation))
            .collect();
        self.spawn_claim(reservations, wants, now_ms);
    }

    fn want(&self, reservation: &Reservation) -> Want {
        let endpoint = reservation.endpoint();
        Want {
            endpoint,
            credit: reservation.credits(),
            floor_ms: self.endpoints.floor_ms(endpoint),
        }
    }

    fn spawn_claim(&self, reservations: Vec<Reservation>, wants: Vec<Want>, now_ms: i64) {
        let asked: Vec<_> = wants
            .iter()
            .map(|want| Asked {
                endpoint: want.endpoint,
                credit: want.credit,
            })
            .collect();
        let died = DispatcherMsg::Claimed {
            asked: asked.clone(),
            result: Err(ClaimError::Died),
        };
        let house = Arc::clone(&self.house);
        spawn_reporting(&self.house.addresses.dispatcher, died, async move {
            let result = claim(&house, reservations, &wants, now_ms).await;
            DispatcherMsg::Claimed { asked, result }
        });
    }

    pub(super) async fn claimed(
        &mut self,
        myself: &ActorRef<DispatcherMsg>,
        asked: Vec<Asked>,
        result: Result<Vec<Leased>, ClaimError>,
    ) {
        self.pace.busy = false;
        let rows = result.unwrap_or_else(|error| {
            tracing::warn!(%error, "claiming deliveries failed; the next poll tries again");
            Vec::new()
        });
        let mut by_endpoint: HashMap<EndpointId, Vec<Leased>> = HashMap::new();
        for leased in rows {
            by_endpoint
                .entry(leased.row.endpoint)
                .or_default()
                .push(leased);
        }
        for Asked { endpoint, credit } in asked {
            let rows = by_endpoint.remove(&endpoint).unwrap_or_default();
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            self.demand.claimed(endpoint, count >= credit);
            self.deliver(myself, endpoint, rows).await;
        }
        self.claim_soon();
    }

    async fn deliver(
        &mut self,
        myself: &ActorRef<DispatcherMsg>,
        endpoint: EndpointId,
        rows: Vec<Leased>,
    ) {
        if rows.is_empty() {
            return;
        }
        if self.drains {
            give_back(&self.house, rows);
            return;
        }
        self.endpoints.deliver(myself, endpoint, rows).await;
    }
}

/// One short transaction. Every row enters the book before the commit that leases it.
async fn claim(
    house: &House,
    mut reservations: Vec<Reservation>,
    wants: &[Want],
    now_ms: i64,
) -> Result<Vec<Leased>, ClaimError> {
    let transaction = house.db.begin().await?;
    let rows = queue::claim(&transaction, house.standing.epoch(), wants, now_ms).await?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        let reservation = reservations
            .iter_mut()
            .find(|one| one.endpoint() == row.endpoint);
        if let Some(reservation) = reservation {
            leased.push(Leased {
                lease: reservation.hold(row.fence),
                row,
            });
        }
    }
    transaction.commit().await?;
    Ok(leased)
}
