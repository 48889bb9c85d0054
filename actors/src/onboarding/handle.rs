//! The handle of the onboarding module.

use std::sync::Arc;

use super::evaluator::EvaluatorMsg;
use super::event_files::EventFiles;
use crate::creditor::Creditors;
use crate::supervision::ActorHandle;

/// The gate evaluator and the dependencies of its transactions.
#[derive(Debug)]
pub(crate) struct Onboarding {
    pub(crate) creditors: Arc<Creditors>,
    pub(crate) evaluator: ActorHandle<EvaluatorMsg>,
    /// The temporary files of large provider events.
    pub(super) event_files: Arc<EventFiles>,
}

impl Onboarding {
    pub(crate) fn new(creditors: Arc<Creditors>) -> Self {
        Self {
            creditors,
            evaluator: ActorHandle::new(),
            event_files: Arc::default(),
        }
    }
}
