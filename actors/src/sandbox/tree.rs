//! The supervision subtree of the sandbox: the simulator, if the settings enable it.

use std::sync::Arc;

use super::handle::Sandbox;
use super::simulator::{Simulator, SimulatorArgs};
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{ChildSpec, SupervisorArgs, SupervisorStatus};

/// The supervisor of the simulator. It has no child if the simulator is disabled.
pub(crate) fn sandbox_tree(sandbox: &Arc<Sandbox>, status: Arc<SupervisorStatus>) -> ChildSpec {
    let (sandbox, shared) = (Arc::clone(sandbox), Arc::clone(&status));
    ChildSpec::supervisor("sandbox", status, move || SupervisorArgs {
        status: Arc::clone(&shared),
        children: sandbox
            .env
            .settings
            .simulator
            .then(|| simulator(&sandbox))
            .into_iter()
            .collect(),
        budget: RestartBudget::default(),
        clock: sandbox.env.clock.clone(),
    })
}

fn simulator(sandbox: &Arc<Sandbox>) -> ChildSpec {
    let sandbox = Arc::clone(sandbox);
    let handle = sandbox.simulator.clone();
    ChildSpec::worker("simulator", "Simulator", &handle, move || {
        let args = SimulatorArgs {
            env: Arc::clone(&sandbox.env),
            writers: Arc::clone(&sandbox.writers),
            me: sandbox.simulator.clone(),
        };
        (Simulator, args)
    })
}
