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

use super::completer::{Completer, CompleterArgs};
use super::dispatcher::{Dispatcher, DispatcherArgs};
use super::endpoint_actors::EndpointActors;
use super::handle::Delivery;
use super::replay::{Replayer, ReplayerArgs};
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{ChildSpec, ChildStatus, SupervisorArgs, SupervisorStatus};

/// Builds the supervisor of the delivery actors.
pub(crate) fn delivery_tree(delivery: &Arc<Delivery>, status: Arc<SupervisorStatus>) -> ChildSpec {
    let delivery = Arc::clone(delivery);
    let endpoint_actors = Arc::new(EndpointActors::default());
    ChildSpec::supervisor("Delivery", Arc::clone(&status), move || SupervisorArgs {
        status: Arc::clone(&status),
        // The Completer starts first, because it must be running before the first outcome arrives.
        children: vec![
            completer(&delivery),
            dispatcher(&delivery, &endpoint_actors),
            replayer(&delivery),
        ],
        budget: RestartBudget::default(),
        clock: delivery.env.clock.clone(),
    })
}

fn completer(delivery: &Arc<Delivery>) -> ChildSpec {
    let args = Arc::clone(delivery);
    ChildSpec::worker_on(
        &delivery.runtime,
        "Completer",
        "Completer",
        &delivery.completer,
        move || {
            (
                Completer,
                CompleterArgs {
                    delivery: Arc::clone(&args),
                },
            )
        },
    )
}

fn replayer(delivery: &Arc<Delivery>) -> ChildSpec {
    let args = Arc::clone(delivery);
    ChildSpec::worker("Replayer", "Replayer", &delivery.replayer, move || {
        let delivery = Arc::clone(&args);
        (Replayer, ReplayerArgs { delivery })
    })
}

fn dispatcher(delivery: &Arc<Delivery>, endpoint_actors: &Arc<EndpointActors>) -> ChildSpec {
    let (mailbox, below) = (delivery.dispatcher.clone(), Arc::clone(endpoint_actors));
    let status = ChildStatus::new("Dispatcher".to_owned(), "Dispatcher", move || {
        mailbox.mailbox_len()
    })
    .with_dynamic_children(move || below.view());
    let (args, endpoint_actors) = (Arc::clone(delivery), Arc::clone(endpoint_actors));
    ChildSpec::new(status, &delivery.dispatcher, move || {
        let args = DispatcherArgs {
            delivery: Arc::clone(&args),
            endpoint_actors: Arc::clone(&endpoint_actors),
        };
        (Dispatcher, args)
    })
}
