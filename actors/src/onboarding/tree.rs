//! The supervision subtree of onboarding: the gate evaluator.

use std::sync::Arc;

use super::evaluator::GateEvaluator;
use super::handle::Onboarding;
use crate::supervision::{ChildSpec, SupervisorStatus};

/// The supervisor of the gate evaluator.
pub(crate) fn onboarding_tree(
    onboarding: &Arc<Onboarding>,
    status: Arc<SupervisorStatus>,
) -> ChildSpec {
    let (onboarding, clock) = (Arc::clone(onboarding), &onboarding.creditors.env.clock);
    ChildSpec::supervisor("onboarding", status, clock, move || {
        vec![evaluator(&onboarding)]
    })
}

fn evaluator(onboarding: &Arc<Onboarding>) -> ChildSpec {
    let (onboarding, handle) = (Arc::clone(onboarding), onboarding.evaluator.clone());
    ChildSpec::worker("gate_evaluator", "GateEvaluator", &handle, move || {
        GateEvaluator::new(Arc::clone(&onboarding.creditors), &onboarding.evaluator)
    })
}
