//! The handle with which other modules publish changes and read the membership of this process.

use std::collections::BTreeSet;
use std::sync::Arc;

use entities::ids::CreditorId;
use entities::queries::node::{self, Notification};

use super::change::{ChangeKind, ClusterEvent};
use super::membership::Membership;
use super::messages::NodeMsg;
use crate::infra::Env;
use crate::supervision::{ActorHandle, Recipient};

/// The handle of the cluster module.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) env: Arc<Env>,
    /// The epoch of this process, and whether it may send and decide.
    pub(crate) membership: Arc<Membership>,
    pub(crate) node: ActorHandle<NodeMsg>,
    /// Receives the changes that any process made, this one included.
    pub(crate) events: Recipient<ClusterEvent>,
}

impl Cluster {
    /// Publishes a committed change to this process at once, and notifies the others. When this returns, no decision of
    /// this process uses the old state.
    pub(crate) fn publish(&self, creditor: CreditorId, kinds: &BTreeSet<ChangeKind>) {
        if kinds.is_empty() {
            return;
        }
        self.notify(Notification {
            feed: true,
            due: false,
        });
        for kind in kinds {
            self.events.send(ClusterEvent::Changed {
                creditor,
                kind: *kind,
            });
        }
    }

    /// Tells the other processes that this one is draining, so that they take over its share of the limits. They notice
    /// anyway when it has left.
    pub(crate) async fn mark_draining(&self) {
        if let Err(error) = node::mark_draining(&self.env.db, self.membership.member()).await {
            tracing::debug!(%error, "the other processes were not told that this one is draining");
        }
    }

    /// Notifies the other processes. Does nothing on SQLite, where there are none.
    pub(crate) fn notify(&self, notification: Notification) {
        if self.env.db.is_postgres() {
            let _ = self.node.send(NodeMsg::Notification { notification });
        }
    }
}
