//! The Ledger branch of the tree: the Writers.

use std::sync::Arc;

use super::writer::{Writer, WriterArgs};
use crate::app::House;
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{Branch, ChildSpec, SupervisorArgs};

/// One Writer for each address of the house.
pub(crate) fn ledger_branch(house: &Arc<House>, branch: Arc<Branch>) -> ChildSpec {
    let (house, shared) = (Arc::clone(house), Arc::clone(&branch));
    ChildSpec::branch("ledger", branch, move || SupervisorArgs {
        branch: Arc::clone(&shared),
        children: (0..house.addresses.writers.len())
            .map(|index| writer(&house, index))
            .collect(),
        budget: RestartBudget::default(),
        clock: house.clock.clone(),
    })
}

fn writer(house: &Arc<House>, index: usize) -> ChildSpec {
    let house = Arc::clone(house);
    let address = house.addresses.writers[index].clone();
    let args = Arc::clone(&house);
    let name = format!("writer-{index}");
    ChildSpec::worker_on(&house.writing, &name, "Writer", &address, move || {
        let args = WriterArgs {
            house: Arc::clone(&args),
            me: args.addresses.writers[index].clone(),
        };
        (Writer, args)
    })
}
