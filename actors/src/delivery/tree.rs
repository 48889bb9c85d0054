//! Webhooks: from a row in the queue to a signed POST, and what came of it.
//!
//! ```text
//!  Delivery
//!  ├─ Completer      writes outcomes in batches, each only where its lease still stands
//!  ├─ Replayer      makes due again what has failed or run out, for whoever asks for it
//!  └─ Dispatcher     claims due rows for endpoints that have credit
//!     └─ Endpoint    what it is sent with, its circuit breaker; spawns sends, never awaits them
//! ```
//!
//! The life of a lease: born with its row (`fresh`) or claimed (`dispatcher`) → handed to its endpoint (`endpoint`) → signed and
//! sent beside the actors (`attempt`, `sender`) → judged by `domain::retry` → committed
//! (`completer`). Its [`lease::Lease`] travels along; whoever dies drops it, and the row goes back
//! to the queue. Deliveries are at least once: what is not provably written is sent again, under
//! the same `webhook-id`. No transaction is ever open while a receiver thinks.
//!
//! Owns the table `delivery` from the moment that a row is in it, and `delivery_attempt`. Never
//! decides who is told what: that is the outbox of whoever changed something.

use std::sync::Arc;

use super::completer::{Completer, CompleterArgs};
use super::dispatcher::{Dispatcher, DispatcherArgs};
use super::endpoint_actors::EndpointActors;
use super::handle::Delivery;
use super::replay::{Replayer, ReplayerArgs};
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{ChildSpec, ChildStatus, SupervisorArgs, SupervisorStatus};

/// The status.
pub(crate) fn delivery_tree(delivery: &Arc<Delivery>, status: Arc<SupervisorStatus>) -> ChildSpec {
    let delivery = Arc::clone(delivery);
    let endpoint_actors = Arc::new(EndpointActors::default());
    ChildSpec::supervisor("Delivery", Arc::clone(&status), move || SupervisorArgs {
        status: Arc::clone(&status),
        // The Completer first: it must be there when the first outcome is.
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
