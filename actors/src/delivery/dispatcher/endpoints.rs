//! The endpoint actors: started when rows arrive, stopped when idle.

use std::collections::HashMap;
use std::sync::Arc;

use entities::ids::{CreditorId, EndpointId};
use ractor::ActorId;

use super::super::endpoint::{Endpoint, EndpointMsg};
use super::super::endpoint_actors::EndpointActors;
use super::super::handle::Delivery;
use super::super::release::release;
use crate::leases::LeasedDelivery;
use crate::supervision::{ActorHandle, spawn_child};

/// Idle time after which an endpoint actor is stopped.
const IDLE_MS: i64 = 60_000;
/// Maximum time from the due time of a row until its transaction commits and the row becomes visible.
const MAX_COMMIT_DELAY_MS: i64 = 10_000;

/// The endpoint actors, which are children of the Dispatcher.
pub(super) struct Endpoints {
    delivery: Arc<Delivery>,
    endpoint_actors: Arc<EndpointActors>,
    entries: HashMap<EndpointId, EndpointEntry>,
    by_actor: HashMap<ActorId, EndpointId>,
}

/// A running endpoint actor.
struct EndpointEntry {
    actor: ActorId,
    address: ActorHandle<EndpointMsg>,
    creditor: CreditorId,
    /// Lower bound for the due times of waiting rows. The poll scans without a floor and lowers it if necessary.
    scan_floor_ms: i64,
    /// When rows last arrived.
    used_ms: i64,
}

impl Endpoints {
    pub(super) fn new(delivery: &Arc<Delivery>, endpoint_actors: Arc<EndpointActors>) -> Self {
        endpoint_actors.clear();
        Self {
            delivery: Arc::clone(delivery),
            endpoint_actors,
            entries: HashMap::new(),
            by_actor: HashMap::new(),
        }
    }

    /// Hands rows to the endpoint actor, which is started if necessary.
    pub(super) async fn deliver(&mut self, endpoint: EndpointId, rows: Vec<LeasedDelivery>) {
        let now_ms = self.delivery.env.clock.mono_ms();
        if !self.entries.contains_key(&endpoint) {
            self.start_actor(endpoint, &rows, now_ms).await;
        }
        let Some(entry) = self.entries.get_mut(&endpoint) else {
            self.delivery.leases.cool_down(endpoint, now_ms);
            release(&self.delivery.completer, rows);
            return;
        };
        entry.used_ms = now_ms;
        // If the actor has just failed, the leases of the rows are lost, and the lease table reports them.
        let _ = entry.address.send(EndpointMsg::Deliver { rows });
    }

    /// Raises the scan floor after a claim. A claim takes the earliest due rows, so none is left before `latest_ms`.
    pub(super) fn raise_floor(&mut self, endpoint: EndpointId, latest_ms: Option<i64>) {
        if let (Some(entry), Some(latest_ms)) = (self.entries.get_mut(&endpoint), latest_ms) {
            entry.scan_floor_ms = entry.scan_floor_ms.max(latest_ms - MAX_COMMIT_DELAY_MS);
        }
    }

    async fn start_actor(&mut self, endpoint: EndpointId, rows: &[LeasedDelivery], now_ms: i64) {
        let Some(creditor) = rows.first().map(|leased| leased.row.creditor) else {
            return;
        };
        let address = ActorHandle::new();
        let actor = Endpoint::new(endpoint, Arc::clone(&self.delivery), address.clone());
        match spawn_child(actor, &address, &self.delivery.dispatcher).await {
            Ok(actor) => {
                self.endpoint_actors.enter(endpoint, address.clone());
                self.by_actor.insert(actor, endpoint);
                let entry = EndpointEntry {
                    actor,
                    address,
                    creditor,
                    scan_floor_ms: 0,
                    used_ms: now_ms,
                };
                self.entries.insert(endpoint, entry);
            }
            Err(error) => {
                tracing::error!(endpoint_id = %endpoint, %error, "an endpoint actor did not start");
            }
        }
    }

    /// Removes the entry of an actor that stopped or failed, and returns its endpoint. Returns `None` if
    /// [`Endpoints::evict_idle`] stopped the actor and removed the entry.
    fn remove_entry(&mut self, id: ActorId) -> Option<EndpointId> {
        let endpoint = self.by_actor.remove(&id)?;
        if let Some(entry) = self.entries.remove(&endpoint) {
            entry.address.detach(id);
        }
        Some(endpoint)
    }

    pub(super) fn failed(&mut self, id: ActorId) -> Option<EndpointId> {
        let endpoint = self.remove_entry(id)?;
        self.endpoint_actors.failed(endpoint);
        Some(endpoint)
    }

    pub(super) fn gone(&mut self, id: ActorId) {
        if let Some(endpoint) = self.remove_entry(id) {
            self.endpoint_actors.leave(endpoint);
        }
    }

    pub(super) fn changed(&self, endpoint: EndpointId) {
        if let Some(entry) = self.entries.get(&endpoint) {
            let _ = entry.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn changed_of(&self, creditor: CreditorId) {
        for entry in self
            .entries
            .values()
            .filter(|entry| entry.creditor == creditor)
        {
            let _ = entry.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn all_changed(&self) {
        for entry in self.entries.values() {
            let _ = entry.address.send(EndpointMsg::Changed);
        }
    }

    pub(super) fn release(&self) {
        for entry in self.entries.values() {
            let _ = entry.address.send(EndpointMsg::Release);
        }
    }

    /// Stops idle actors.
    pub(super) fn evict_idle(&mut self) {
        let now_ms = self.delivery.env.clock.mono_ms();
        let idle: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| now_ms - entry.used_ms >= IDLE_MS)
            .map(|(endpoint, _)| *endpoint)
            .collect();
        for endpoint in idle {
            // A row in the mailbox holds a lease, so the mailbox of an endpoint without leases has no rows.
            if !self.delivery.leases.is_idle(endpoint) {
                continue;
            }
            if let Some(entry) = self.entries.remove(&endpoint) {
                self.by_actor.remove(&entry.actor);
                self.endpoint_actors.leave(endpoint);
                entry.address.stop("idle");
            }
        }
    }

    pub(super) fn scan_floor_ms(&self, endpoint: EndpointId) -> i64 {
        self.entries
            .get(&endpoint)
            .map_or(0, |entry| entry.scan_floor_ms)
    }

    /// Raises all scan floors after a poll. The poll sees every waiting row except those not yet visible.
    pub(super) fn raise_floors(&mut self, began_ms: i64) {
        for entry in self.entries.values_mut() {
            entry.scan_floor_ms = entry.scan_floor_ms.max(began_ms - MAX_COMMIT_DELAY_MS);
        }
    }

    /// Lowers the scan floor of an endpoint, because the poll saw a row that is due at `due_ms`.
    pub(super) fn lower_floor(&mut self, endpoint: EndpointId, due_ms: i64) {
        if let Some(entry) = self.entries.get_mut(&endpoint) {
            entry.scan_floor_ms = entry.scan_floor_ms.min(due_ms - MAX_COMMIT_DELAY_MS);
        }
    }

    #[cfg(feature = "fault-injection")]
    pub(super) fn panic(&self, endpoint: EndpointId) {
        if let Some(entry) = self.entries.get(&endpoint) {
            let _ = entry.address.inject_panic();
        }
    }
}
