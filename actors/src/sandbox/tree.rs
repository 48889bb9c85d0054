//! The supervision subtree of the sandbox: the simulator, if the settings enable it.

use std::sync::Arc;

use super::handle::Sandbox;
use super::simulator::Simulator;
use crate::supervision::{ChildSpec, SupervisorStatus};

/// The supervisor of the simulator. It has no child if the simulator is disabled.
pub(crate) fn sandbox_tree(sandbox: &Arc<Sandbox>, status: Arc<SupervisorStatus>) -> ChildSpec {
    let (sandbox, clock) = (Arc::clone(sandbox), &sandbox.env.clock);
    ChildSpec::supervisor("sandbox", status, clock, move || {
        let enabled = sandbox.env.settings.simulator;
        enabled.then(|| simulator(&sandbox)).into_iter().collect()
    })
}

fn simulator(sandbox: &Arc<Sandbox>) -> ChildSpec {
    let (sandbox, handle) = (Arc::clone(sandbox), sandbox.simulator.clone());
    ChildSpec::worker("simulator", "Simulator", &handle, move || {
        let (env, writers) = (Arc::clone(&sandbox.env), Arc::clone(&sandbox.writers));
        Simulator::new(env, writers, &sandbox.simulator)
    })
}
