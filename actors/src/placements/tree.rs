//! The supervision subtree of placements: the Writers.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Writers;
use super::writer::{Writer, WriterArgs};
use crate::domain::restart_budget::RestartBudget;
use crate::supervision::{ChildSpec, SupervisorArgs, SupervisorStatus};

/// The supervisor of the Writers, which run on `runtime`.
pub(crate) fn placements_tree(
    writers: &Arc<Writers>,
    runtime: &Handle,
    status: Arc<SupervisorStatus>,
) -> ChildSpec {
    let (writers, runtime) = (Arc::clone(writers), runtime.clone());
    let shared = Arc::clone(&status);
    ChildSpec::supervisor("placements", status, move || SupervisorArgs {
        status: Arc::clone(&shared),
        children: (0..writers.handles.len())
            .map(|index| writer(&writers, &runtime, index))
            .collect(),
        budget: RestartBudget::default(),
        clock: writers.outbox.env.clock.clone(),
    })
}

fn writer(writers: &Arc<Writers>, runtime: &Handle, index: usize) -> ChildSpec {
    let writers = Arc::clone(writers);
    let handle = writers.handles[index].clone();
    let name = format!("writer-{index}");
    ChildSpec::worker_on(runtime, &name, "Writer", &handle, move || {
        let args = WriterArgs {
            outbox: Arc::clone(&writers.outbox),
            me: writers.handles[index].clone(),
        };
        (Writer, args)
    })
}
