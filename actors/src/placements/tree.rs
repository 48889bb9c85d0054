//! The supervision subtree of placements: the Writers.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Writers;
use super::writer::Writer;
use crate::supervision::{ChildSpec, SupervisorStatus};

/// The supervisor of the Writers, which run on `runtime`.
pub(crate) fn placements_tree(
    writers: &Arc<Writers>,
    runtime: &Handle,
    status: Arc<SupervisorStatus>,
) -> ChildSpec {
    let (writers, runtime) = (Arc::clone(writers), runtime.clone());
    let clock = writers.outbox.env.clock.clone();
    ChildSpec::supervisor("placements", status, &clock, move || {
        (0..writers.handles.len())
            .map(|index| writer(&writers, index).on(&runtime))
            .collect()
    })
}

fn writer(writers: &Arc<Writers>, index: usize) -> ChildSpec {
    let (writers, handle) = (Arc::clone(writers), writers.handles[index].clone());
    let name = format!("writer-{index}");
    ChildSpec::worker(&name, "Writer", &handle, move || {
        let me = writers.handles[index].clone();
        Writer::new(Arc::clone(&writers.outbox), me)
    })
}
