//! What other modules may ask of the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use entities::ids::CreditorId;
use entities::queries::node::Notification;

use super::change::{ChangeKind, ClusterEvent};
use super::membership::Membership;
use super::messages::NodeMsg;
use crate::infra::Env;
use crate::supervision::{ActorHandle, Recipient};

/// This process among the others that share the database.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) env: Arc<Env>,
    /// The epoch of this process, and whether it may act.
    pub(crate) membership: Arc<Membership>,
    pub(crate) node: ActorHandle<NodeMsg>,
    /// Who is told of changes, whichever process made them.
    pub(crate) events: Recipient<ClusterEvent>,
}

impl Cluster {
    /// Tells this process of a committed change at once, and the others soon. When it returns, no decision of this process
    /// rests on what was before.
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

    /// Tells the other processes, if there can be any, that there is something to look at.
    pub(crate) fn notify(&self, ring: Notification) {
        if self.env.db.is_postgres() {
            let _ = self.node.send(NodeMsg::Notification { ring });
        }
    }
}
