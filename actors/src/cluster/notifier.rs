//! Ringing for the other processes and hearing them: only a matter of speed, for everybody polls.
//!
//! Rings are gathered for a moment, so that however many commits there are, one NOTIFY goes out. What is heard is passed on
//! as the wake-ups that this process gives itself.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::node::{self, Notification};

use super::messages::NodeMsg;
use super::state::NodeState;
use crate::supervision::spawn_and_notify;

/// For so long rings are gathered.
const GATHER: Duration = Duration::from_millis(20);

impl NodeState {
    pub(super) fn gather(&mut self, ring: Notification) {
        self.notifier.gathered = self.notifier.gathered.and(ring);
        self.ring_soon();
    }

    fn ring_soon(&mut self) {
        if !self.notifier.busy && !self.notifier.gathered.is_empty() {
            self.notifier.busy = true;
            let me = &self.cluster.node;
            me.send_after(GATHER, NodeMsg::SendNotification);
        }
    }

    pub(super) fn ring_out(&mut self) {
        let ring = std::mem::take(&mut self.notifier.gathered);
        let cluster = Arc::clone(&self.cluster);
        spawn_and_notify(&self.cluster.node, NodeMsg::NotificationSent, async move {
            if let Err(error) =
                node::notify(&cluster.env.db, cluster.membership.epoch(), ring).await
            {
                tracing::debug!(%error, "the others were not rung for; they poll");
            }
            NodeMsg::NotificationSent
        });
    }

    pub(super) fn rung_out(&mut self) {
        self.notifier.busy = false;
        self.ring_soon();
    }
}
