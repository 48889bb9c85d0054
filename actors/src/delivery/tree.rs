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
use super::replay::{Recoverer, RecovererArgs};
use crate::app::House;
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{Branch, ChildSpec, SupervisorArgs, Vital};

/// The queue's states and how many rows are in each.
pub(crate) type Depth = Vec<(&'static str, i64)>;

/// The branch.
pub(crate) fn delivery_branch(house: &Arc<House>, branch: Arc<Branch>) -> ChildSpec {
    let house = Arc::clone(house);
    let roster = Arc::new(Roster::default());
    ChildSpec::branch("Delivery", Arc::clone(&branch), move || SupervisorArgs {
        branch: Arc::clone(&branch),
        // The Completer first: it must be there when the first outcome is.
        children: vec![
            completer(&house),
            dispatcher(&house, &roster),
            recoverer(&house),
        ],
        budget: RestartBudget::default(),
        clock: house.clock.clone(),
    })
}

fn completer(house: &Arc<House>) -> ChildSpec {
    let args = Arc::clone(house);
    ChildSpec::worker_on(
        &house.writing,
        "Completer",
        "Completer",
        &house.addresses.completer,
        move || {
            (
                Completer,
                CompleterArgs {
                    house: Arc::clone(&args),
                },
            )
        },
    )
}

fn recoverer(house: &Arc<House>) -> ChildSpec {
    let args = Arc::clone(house);
    ChildSpec::worker(
        "Recoverer",
        "Recoverer",
        &house.addresses.recoverer,
        move || {
            let house = Arc::clone(&args);
            (Recoverer, RecovererArgs { house })
        },
    )
}

fn dispatcher(house: &Arc<House>, roster: &Arc<Roster>) -> ChildSpec {
    let (mailbox, below) = (house.addresses.dispatcher.clone(), Arc::clone(roster));
    let vital = Vital::new("Dispatcher".to_owned(), "Dispatcher", move || {
        mailbox.waiting()
    })
    .above_dynamic(move || below.view());
    let (args, roster) = (Arc::clone(house), Arc::clone(roster));
    ChildSpec::new(vital, &house.addresses.dispatcher, move || {
        let args = DispatcherArgs {
            house: Arc::clone(&args),
            roster: Arc::clone(&roster),
        };
        (Dispatcher, args)
    })
}
