//! The Node's place in the tree.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Cluster;
use super::node::{Node, NodeArgs};
use crate::supervision::ChildSpec;

/// The Node, on the runtime of those who write all the time.
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
