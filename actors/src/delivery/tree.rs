//! The supervision tree of delivery.
//!
//! ```text
//!  Delivery
//!  ├─ Completer      writes outcomes in batches, each only if its lease is still valid
//!  ├─ Replayer       makes failed and missing deliveries of a period due again, on request
//!  └─ Dispatcher     claims due rows for endpoints that have capacity
//!     └─ Endpoint    one for each endpoint: local queue, throttle, breaker; spawns sends, never awaits them
//! ```
//!
//! The life of a lease:
//!
//! 1. A row is inserted pre-leased (`outbox::prelease`) or claimed (`dispatcher`).
//! 2. The Dispatcher hands it to the actor of its endpoint (`endpoint`).
//! 3. A task outside the actors signs and sends it (`attempt`, `sender`).
//! 4. `domain::retry` decides what follows from the response.
//! 5. The Completer commits the outcome (`completer`).
//!
//! The row carries its [`crate::leases::Lease`] through these steps. If a task panics, it drops the lease, and the row
//! returns to the queue. Deliveries are at least once: a row whose outcome is not provably committed is sent again,
//! with the same `webhook-id`. No transaction is open while a send waits for its receiver.
//!
//! This module never decides which endpoints get an event; `outbox` does.

use std::sync::Arc;

use super::completer::Completer;
use super::dispatcher::Dispatcher;
use super::endpoint_actors::EndpointActors;
use super::handle::Delivery;
use super::replay::Replayer;
use crate::supervision::{ChildSpec, ChildStatus, SupervisorStatus};

/// Builds the supervisor of the delivery actors.
pub(crate) fn delivery_tree(delivery: &Arc<Delivery>, status: Arc<SupervisorStatus>) -> ChildSpec {
    let (delivery, clock) = (Arc::clone(delivery), &delivery.env.clock);
    let endpoint_actors = Arc::new(EndpointActors::default());
    ChildSpec::supervisor("Delivery", status, clock, move || {
        // The Completer starts first, because it must be running before the first outcome arrives.
        vec![
            completer(&delivery).on(&delivery.runtime),
            dispatcher(&delivery, &endpoint_actors),
            replayer(&delivery),
        ]
    })
}

fn completer(delivery: &Arc<Delivery>) -> ChildSpec {
    let (delivery, handle) = (Arc::clone(delivery), &delivery.completer);
    ChildSpec::worker("Completer", "Completer", handle, move || {
        Completer::new(Arc::clone(&delivery))
    })
}

fn replayer(delivery: &Arc<Delivery>) -> ChildSpec {
    let (delivery, handle) = (Arc::clone(delivery), &delivery.replayer);
    ChildSpec::worker("Replayer", "Replayer", handle, move || {
        Replayer::new(&delivery)
    })
}

fn dispatcher(delivery: &Arc<Delivery>, endpoint_actors: &Arc<EndpointActors>) -> ChildSpec {
    let (delivery, handle) = (Arc::clone(delivery), &delivery.dispatcher);
    let (below, endpoint_actors) = (Arc::clone(endpoint_actors), Arc::clone(endpoint_actors));
    let status = ChildStatus::new("Dispatcher", "Dispatcher", handle);
    let status = status.with_children(move || below.view());
    ChildSpec::new(status, handle, move || {
        Dispatcher::new(Arc::clone(&delivery), Arc::clone(&endpoint_actors))
    })
}
