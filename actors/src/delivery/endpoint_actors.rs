//! The status of the endpoint actors, for the process view.
//!
//! Never starts or stops an actor; the Dispatcher does.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use entities::ids::EndpointId;

use super::endpoint::EndpointMsg;
use crate::contract::ActorView;
use crate::supervision::ActorHandle;

/// The endpoint actors, and how often each has failed since the Dispatcher started.
#[derive(Debug, Default)]
pub(crate) struct EndpointActors {
    entries: Mutex<BTreeMap<EndpointId, EndpointEntry>>,
}

#[derive(Debug, Default)]
struct EndpointEntry {
    address: Option<ActorHandle<EndpointMsg>>,
    restarts: u64,
}

impl EndpointActors {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<EndpointId, EndpointEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        self.entries().clear();
    }

    pub(super) fn enter(&self, endpoint: EndpointId, address: ActorHandle<EndpointMsg>) {
        self.entries().entry(endpoint).or_default().address = Some(address);
    }

    pub(super) fn failed(&self, endpoint: EndpointId) {
        let mut entries = self.entries();
        let entry = entries.entry(endpoint).or_default();
        entry.address = None;
        entry.restarts += 1;
    }

    pub(super) fn leave(&self, endpoint: EndpointId) {
        self.entries().remove(&endpoint);
    }

    /// One view for each endpoint. A failed actor is started again when the next rows for it arrive.
    pub(super) fn view(&self) -> Vec<ActorView> {
        let line = |(endpoint, entry): (&EndpointId, &EndpointEntry)| ActorView {
            name: endpoint.to_string(),
            kind: "Endpoint".to_owned(),
            restarts: entry.restarts,
            mailbox: entry.address.as_ref().and_then(ActorHandle::mailbox_len),
            state: if entry.address.is_some() {
                "running"
            } else {
                "idle"
            }
            .to_owned(),
            children: Vec::new(),
        };
        self.entries().iter().map(line).collect()
    }
}
