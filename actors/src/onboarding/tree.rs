//! The Onboarding branch of the tree: the gate evaluator.

use std::sync::Arc;

use super::evaluator::{EvaluatorArgs, GateEvaluator};
use crate::app::House;
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{Branch, ChildSpec, SupervisorArgs};

/// The gate evaluator under its supervisor.
pub(crate) fn onboarding_branch(house: &Arc<House>, branch: Arc<Branch>) -> ChildSpec {
    let (house, shared) = (Arc::clone(house), Arc::clone(&branch));
    ChildSpec::branch("onboarding", branch, move || SupervisorArgs {
        branch: Arc::clone(&shared),
        children: vec![evaluator(&house)],
        budget: RestartBudget::default(),
        clock: house.clock.clone(),
    })
}

fn evaluator(house: &Arc<House>) -> ChildSpec {
    let house = Arc::clone(house);
    let address = house.addresses.evaluator.clone();
    ChildSpec::worker("gate_evaluator", "GateEvaluator", &address, move || {
        let args = EvaluatorArgs {
            house: Arc::clone(&house),
            me: house.addresses.evaluator.clone(),
        };
        (GateEvaluator, args)
    })
}
