//! Long work beside the requests. Today: the simulator; intake and exports will live here.

use std::sync::Arc;

use super::simulator::{Simulator, SimulatorArgs};
use crate::app::House;
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{Branch, ChildSpec, SupervisorArgs};

/// The Jobs branch of the tree.
pub(crate) fn jobs_branch(house: &Arc<House>, branch: Arc<Branch>) -> ChildSpec {
    let (house, shared) = (Arc::clone(house), Arc::clone(&branch));
    ChildSpec::branch("jobs", branch, move || SupervisorArgs {
        branch: Arc::clone(&shared),
        children: house
            .settings
            .simulator
            .then(|| simulator(&house))
            .into_iter()
            .collect(),
        budget: RestartBudget::default(),
        clock: house.clock.clone(),
    })
}

fn simulator(house: &Arc<House>) -> ChildSpec {
    let house = Arc::clone(house);
    let address = house.addresses.simulator.clone();
    ChildSpec::worker("simulator", "Simulator", &address, move || {
        let args = SimulatorArgs {
            house: Arc::clone(&house),
            me: house.addresses.simulator.clone(),
        };
        (Simulator, args)
    })
}
