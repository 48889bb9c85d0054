//! What the simulator needs, and where it is found.

use std::sync::Arc;

use super::simulator::SimulatorMsg;
use crate::infra::Env;
use crate::placements::Writers;
use crate::supervision::ActorHandle;

/// The means of the sandbox.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) env: Arc<Env>,
    pub(crate) writers: Arc<Writers>,
    pub(crate) simulator: ActorHandle<SimulatorMsg>,
}
