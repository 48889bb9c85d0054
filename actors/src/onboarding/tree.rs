//! The supervision subtree of onboarding: the gate evaluator.

use std::sync::Arc;

use super::evaluator::{EvaluatorArgs, GateEvaluator};
use super::handle::Onboarding;
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{ChildSpec, SupervisorArgs, SupervisorStatus};

/// The supervisor of the gate evaluator.
pub(crate) fn onboarding_tree(
    onboarding: &Arc<Onboarding>,
    status: Arc<SupervisorStatus>,
) -> ChildSpec {
    let (onboarding, shared) = (Arc::clone(onboarding), Arc::clone(&status));
    ChildSpec::supervisor("onboarding", status, move || SupervisorArgs {
        status: Arc::clone(&shared),
        children: vec![evaluator(&onboarding)],
        budget: RestartBudget::default(),
        clock: onboarding.creditors.env.clock.clone(),
    })
}

fn evaluator(onboarding: &Arc<Onboarding>) -> ChildSpec {
    let onboarding = Arc::clone(onboarding);
    let handle = onboarding.evaluator.clone();
    ChildSpec::worker("gate_evaluator", "GateEvaluator", &handle, move || {
        let args = EvaluatorArgs {
            creditors: Arc::clone(&onboarding.creditors),
            me: onboarding.evaluator.clone(),
        };
        (GateEvaluator, args)
    })
}
