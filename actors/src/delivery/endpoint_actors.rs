//! The endpoints' actors as an outsider sees them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use entities::ids::EndpointId;

use super::endpoint::EndpointMsg;
use crate::contract::ActorView;
use crate::supervision::Address;

/// Who is seated now, and how often each has failed since the Dispatcher began.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    seats: Mutex<BTreeMap<EndpointId, Seat>>,
}

#[derive(Debug, Default)]
struct Seat {
    address: Option<Address<EndpointMsg>>,
    restarts: u64,
}

impl Roster {
    fn seats(&self) -> MutexGuard<'_, BTreeMap<EndpointId, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        self.seats().clear();
    }

    pub(super) fn enter(&self, endpoint: EndpointId, address: Address<EndpointMsg>) {
        self.seats().entry(endpoint).or_default().address = Some(address);
    }

    pub(super) fn failed(&self, endpoint: EndpointId) {
        let mut seats = self.seats();
        let seat = seats.entry(endpoint).or_default();
        seat.address = None;
        seat.restarts += 1;
    }

    pub(super) fn leave(&self, endpoint: EndpointId) {
        self.seats().remove(&endpoint);
    }

    /// One line an endpoint. One that failed is started again when its next rows come.
    pub(super) fn view(&self) -> Vec<ActorView> {
        let line = |(endpoint, seat): (&EndpointId, &Seat)| ActorView {
            name: endpoint.to_string(),
            kind: "Endpoint".to_owned(),
            restarts: seat.restarts,
            mailbox: seat.address.as_ref().and_then(Address::waiting),
            state: if seat.address.is_some() {
                "running"
            } else {
                "restarting"
            }
            .to_owned(),
            children: Vec::new(),
        };
        self.seats().iter().map(line).collect()
    }
}
