//! The Dispatcher's claims: whose turn, how many rows, and what happens when they are here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::EndpointId;
use entities::queries::delivery::{self as queue, Waiting, Want};
use ractor::ActorRef;
use tokio::time::Instant;

use super::{ClaimError, DispatcherMsg, DispatcherState};
use crate::delivery::attempt::{Leased, give_back};
use crate::delivery::book::Grant;
use crate::delivery::demand::Offer;
use crate::delivery::lease::Reservation;
use crate::delivery::spawned::spawn_reporting;
use crate::house::House;

/// Rows of one claim, about: an endpoint's credit is never divided.
const BATCH: u32 = 256;
/// From one claim to the next: what arrives in between shares it.
const CLAIM_PAUSE: Duration = Duration::from_millis(2);
/// From one poll to the next, unless a row falls due before.
const POLL_MOST_MS: i64 = 1_000;
const POLL_LEAST_MS: i64 = 20;
/// A poll may take at most a tenth of the time: it slows down as it gets slower.
const POLL_SHARE: u32 = 10;

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

    pub(super) fn credit_free(&mut self, endpoints: &[EndpointId]) {
        for endpoint in endpoints {
            self.demand.feed(*endpoint);
        }
        self.claim_soon();
    }

    fn claim_soon(&mut self) {
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

    /// Spawns a look at who has rows waiting.
    pub(super) fn poll(&mut self) {
        if self.drains || !self.polls.begin() {
            return;
        }
        self.release_lost();
        let began_ms = self.house.clock.now_ms();
        let died = DispatcherMsg::Polled {
            began_ms,
            took: Duration::ZERO,
            result: Err(ClaimError::Died),
        };
        let house = Arc::clone(&self.house);
        spawn_reporting(&self.house.addresses.dispatcher, died, async move {
            let begun = Instant::now();
            let result = queue::waiting(house.db.reader())
                .await
                .map_err(ClaimError::from);
            DispatcherMsg::Polled {
                began_ms,
                took: begun.elapsed(),
                result,
            }
        });
    }

    pub(super) fn polled(
        &mut self,
        began_ms: i64,
        took: Duration,
        result: Result<Vec<Waiting>, ClaimError>,
    ) {
        let now_ms = self.house.clock.now_ms();
        let next_ms = match result {
            Ok(waiting) => self.see(waiting, began_ms, now_ms),
            Err(error) => {
                tracing::warn!(%error, "looking for due deliveries failed");
                now_ms + POLL_MOST_MS
            }
        };
        let pause_ms = (next_ms - now_ms).clamp(POLL_LEAST_MS, POLL_MOST_MS);
        let pause = Duration::from_millis(pause_ms.unsigned_abs()).max(took * POLL_SHARE);
        self.polls.again(
            self.house
                .addresses
                .dispatcher
                .send_after(pause, DispatcherMsg::Poll),
        );
        self.claim_soon();
    }

    /// Wakes whoever has due rows; answers when the next row falls due.
    fn see(&mut self, waiting: Vec<Waiting>, began_ms: i64, now_ms: i64) -> i64 {
        self.endpoints.raise_floors(began_ms);
        let mut next_ms = now_ms + POLL_MOST_MS;
        for Waiting { endpoint, due_ms } in waiting {
            self.endpoints.lower_floor(endpoint, due_ms);
            if due_ms <= now_ms {
                self.demand.wake(endpoint);
                self.demand.feed(endpoint);
            } else {
                next_ms = next_ms.min(due_ms);
            }
        }
        next_ms
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
