//! The handle of the sandbox module.

use std::sync::Arc;

use super::simulator::SimulatorMsg;
use crate::infra::Env;
use crate::placements::Writers;
use crate::supervision::ActorHandle;

/// The simulator and its dependencies.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) env: Arc<Env>,
    pub(crate) writers: Arc<Writers>,
    pub(crate) simulator: ActorHandle<SimulatorMsg>,
}
