//! The handle of the onboarding module.

use std::sync::Arc;

use super::evaluator::EvaluatorMsg;
use crate::creditor::Creditors;
use crate::supervision::ActorHandle;

/// The gate evaluator and the dependencies of its transactions.
#[derive(Debug)]
pub(crate) struct Onboarding {
    pub(crate) creditors: Arc<Creditors>,
    pub(crate) evaluator: ActorHandle<EvaluatorMsg>,
}
