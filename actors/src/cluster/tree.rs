//! The child specification of the Node.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Cluster;
use super::node::{Node, NodeArgs};
use crate::supervision::ChildSpec;

/// The Node, on the runtime of the Writers, so that load on the shared runtime does not delay heartbeats.
pub(crate) fn node_spec(cluster: &Arc<Cluster>, runtime: &Handle) -> ChildSpec {
    let cluster = Arc::clone(cluster);
    let handle = cluster.node.clone();
    ChildSpec::worker_on(runtime, "Node", "Node", &handle, move || {
        let args = NodeArgs {
            cluster: Arc::clone(&cluster),
        };
        (Node, args)
    })
}
