//! Webhooks: from a row in the queue to a signed POST, and what came of it.
//!
//! ```text
//!  Delivery
//!  ├─ Completer      writes outcomes in batches, each only where its lease still stands
//!  ├─ Recoverer      makes due again what has failed or run out, for whoever asks for it
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
use super::endpoint_actors::Roster;
use super::handle::Delivery;
use super::replay::{Recoverer, RecovererArgs};
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{Branch, ChildSpec, SupervisorArgs, Vital};

/// The branch.
pub(crate) fn delivery_branch(delivery: &Arc<Delivery>, branch: Arc<Branch>) -> ChildSpec {
    let delivery = Arc::clone(delivery);
    let roster = Arc::new(Roster::default());
    ChildSpec::branch("Delivery", Arc::clone(&branch), move || SupervisorArgs {
        branch: Arc::clone(&branch),
        // The Completer first: it must be there when the first outcome is.
        children: vec![
            completer(&delivery),
            dispatcher(&delivery, &roster),
            recoverer(&delivery),
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

fn recoverer(delivery: &Arc<Delivery>) -> ChildSpec {
    let args = Arc::clone(delivery);
    ChildSpec::worker("Recoverer", "Recoverer", &delivery.recoverer, move || {
        let delivery = Arc::clone(&args);
        (Recoverer, RecovererArgs { delivery })
    })
}

fn dispatcher(delivery: &Arc<Delivery>, roster: &Arc<Roster>) -> ChildSpec {
    let (mailbox, below) = (delivery.dispatcher.clone(), Arc::clone(roster));
    let vital = Vital::new("Dispatcher".to_owned(), "Dispatcher", move || {
        mailbox.waiting()
    })
    .above_dynamic(move || below.view());
    let (args, roster) = (Arc::clone(delivery), Arc::clone(roster));
    ChildSpec::new(vital, &delivery.dispatcher, move || {
        let args = DispatcherArgs {
            delivery: Arc::clone(&args),
            roster: Arc::clone(&roster),
        };
        (Dispatcher, args)
    })
}
