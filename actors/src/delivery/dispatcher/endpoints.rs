//! The endpoints' actors: started when rows come, stopped when none have come for a while.

use std::collections::HashMap;
use std::sync::Arc;

use entities::ids::{CreditorId, EndpointId};
use ractor::{ActorId, ActorRef};

use super::super::endpoint::{Endpoint, EndpointArgs, EndpointMsg};
use super::super::endpoint_actors::Roster;
use super::super::handle::Delivery;
use super::super::messages::DispatcherMsg;
use super::super::release::give_back;
use crate::leases::{LeaseTable, Leased};
use crate::supervision::{Address, spawn_metered};

/// An endpoint's actor is stopped when it has had nothing to do for so long.
const IDLE_MS: i64 = 60_000;
/// Rows may become visible so long after the time at which they are due, because their
/// transaction took that long.
const LATE_MS: i64 = 10_000;

/// The actors below the Dispatcher.
pub(super) struct Endpoints {
    delivery: Arc<Delivery>,
    book: Arc<LeaseTable>,
    roster: Arc<Roster>,
    seats: HashMap<EndpointId, Seat>,
    by_actor: HashMap<ActorId, EndpointId>,
}

/// Where an endpoint's actor sits.
struct Seat {
    actor: ActorId,
    address: Address<EndpointMsg>,
    creditor: CreditorId,
    /// No waiting row is due before this. The poll, which has no floor, lowers it.
    floor_ms: i64,
    used_ms: i64,
}

impl Endpoints {
    pub(super) fn new(delivery: &Arc<Delivery>, roster: Arc<Roster>) -> Self {
        roster.clear();
        Self {
            delivery: Arc::clone(delivery),
            book: Arc::clone(&delivery.leases),
            roster,
            seats: HashMap::new(),
            by_actor: HashMap::new(),
        }
    }

    /// Hands rows to the endpoint's actor, which is started if need be.
    pub(super) async fn deliver(
        &mut self,
        dispatcher: &ActorRef<DispatcherMsg>,
        endpoint: EndpointId,
        rows: Vec<Leased>,
    ) {
        let now_ms = self.delivery.env.clock.now_ms();
        if !self.seats.contains_key(&endpoint) {
            self.seat(dispatcher, endpoint, &rows, now_ms).await;
        }
        let Some(seat) = self.seats.get_mut(&endpoint) else {
            self.book.cool_down(endpoint, now_ms);
            give_back(&self.delivery.completer, rows);
            return;
        };
        seat.used_ms = now_ms;
        // Should it have died just now, the rows' leases are lost, and the book reports them.
        let _ = seat.address.send(EndpointMsg::Deliver { rows });
    }

    /// A claim takes what has been due for longest: up to then there is nothing more.
    pub(super) fn raise_floor(&mut self, endpoint: EndpointId, latest_ms: Option<i64>) {
        if let (Some(seat), Some(latest_ms)) = (self.seats.get_mut(&endpoint), latest_ms) {
            seat.floor_ms = seat.floor_ms.max(latest_ms - LATE_MS);
        }
    }

    async fn seat(
        &mut self,
        dispatcher: &ActorRef<DispatcherMsg>,
        endpoint: EndpointId,
        rows: &[Leased],
        now_ms: i64,
    ) {
        let Some(creditor) = rows.first().map(|leased| leased.row.creditor) else {
            return;
        };
        let address = Address::vacant();
        let args = EndpointArgs {
            endpoint,
            delivery: Arc::clone(&self.delivery),
            book: Arc::clone(&self.book),
            me: address.clone(),
        };
        match spawn_metered(Endpoint, args, &address, dispatcher.get_cell()).await {
            Ok(actor) => {
                let actor = actor.get_id();
                self.roster.enter(endpoint, address.clone());
                self.by_actor.insert(actor, endpoint);
                let seat = Seat {
                    actor,
                    address,
                    creditor,
                    floor_ms: 0,
                    used_ms: now_ms,
                };
                self.seats.insert(endpoint, seat);
            }
            Err(error) => tracing::error!(%endpoint, %error, "an endpoint's actor did not start"),
        }
    }

    /// An actor stopped or failed; answers whose it was, unless it was stopped on purpose.
    fn unseat(&mut self, id: ActorId) -> Option<EndpointId> {
        let endpoint = self.by_actor.remove(&id)?;
        if let Some(seat) = self.seats.remove(&endpoint) {
            seat.address.vacate(id);
        }
        Some(endpoint)
    }

    pub(super) fn failed(&mut self, id: ActorId) -> Option<EndpointId> {
        let endpoint = self.unseat(id)?;
        self.roster.failed(endpoint);
        Some(endpoint)
    }

    pub(super) fn gone(&mut self, id: ActorId) {
        if let Some(endpoint) = self.unseat(id) {
            self.roster.leave(endpoint);
        }
    }

    pub(super) fn changed(&self, endpoint: EndpointId) {
        if let Some(seat) = self.seats.get(&endpoint) {
            let _ = seat.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn changed_of(&self, creditor: CreditorId) {
        for seat in self.seats.values().filter(|seat| seat.creditor == creditor) {
            let _ = seat.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn all_changed(&self) {
        for seat in self.seats.values() {
            let _ = seat.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn give_back(&self) {
        for seat in self.seats.values() {
            let _ = seat.address.send(EndpointMsg::GiveBack);
        }
    }

    /// Stops actors that have had nothing to do for a while.
    pub(super) fn evict_idle(&mut self) {
        let now_ms = self.delivery.env.clock.now_ms();
        let idle: Vec<_> = self
            .seats
            .iter()
            .filter(|(_, seat)| now_ms - seat.used_ms >= IDLE_MS)
            .map(|(endpoint, _)| *endpoint)
            .collect();
        for endpoint in idle {
            // A row on its way to the actor holds a lease, so an actor without one has none waiting.
            if !self.book.is_idle(endpoint) {
                continue;
            }
            if let Some(seat) = self.seats.remove(&endpoint) {
                self.by_actor.remove(&seat.actor);
                self.roster.leave(endpoint);
                seat.address.stop("idle");
            }
        }
    }

    pub(super) fn floor_ms(&self, endpoint: EndpointId) -> i64 {
        self.seats.get(&endpoint).map_or(0, |seat| seat.floor_ms)
    }

    /// Nothing waited that the poll did not see, apart from what was not visible yet.
    pub(super) fn raise_floors(&mut self, began_ms: i64) {
        for seat in self.seats.values_mut() {
            seat.floor_ms = seat.floor_ms.max(began_ms - LATE_MS);
        }
    }

    /// The poll saw a row that is due then.
    pub(super) fn lower_floor(&mut self, endpoint: EndpointId, due_ms: i64) {
        if let Some(seat) = self.seats.get_mut(&endpoint) {
            seat.floor_ms = seat.floor_ms.min(due_ms - LATE_MS);
        }
    }

    #[cfg(feature = "fault-injection")]
    pub(super) fn panic(&self, endpoint: EndpointId) {
        if let Some(seat) = self.seats.get(&endpoint) {
            let _ = seat.address.send(EndpointMsg::Panic);
        }
    }
}
