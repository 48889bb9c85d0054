//! The child specification of the Node.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Cluster;
use super::node::Node;
use crate::supervision::ChildSpec;

/// The Node, on the runtime of the Writers, so that load on the shared runtime does not delay heartbeats.
pub(crate) fn node_spec(cluster: &Arc<Cluster>, runtime: &Handle) -> ChildSpec {
    let (cluster, handle) = (Arc::clone(cluster), cluster.node.clone());
    ChildSpec::worker("Node", "Node", &handle, move || Node::new(&cluster)).on(runtime)
}
