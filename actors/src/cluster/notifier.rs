//! The notifier, which sends notifications to the other processes.
//!
//! Notifications only reduce latency, because every process also polls. They are merged for a short time, so that many
//! commits cause one `NOTIFY`.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::node::{self, Notification};

use super::messages::NodeMsg;
use super::state::NodeState;
use crate::supervision::spawn_and_notify;

/// How long notifications are merged before one is sent.
const GATHER: Duration = Duration::from_millis(20);

impl NodeState {
    pub(super) fn gather(&mut self, notification: Notification) {
        self.notifier.gathered = self.notifier.gathered.and(notification);
        self.schedule_send();
    }

    fn schedule_send(&mut self) {
        if !self.notifier.busy && !self.notifier.gathered.is_empty() {
            self.notifier.busy = true;
            let me = &self.cluster.node;
            me.send_after(GATHER, NodeMsg::SendNotification);
        }
    }

    pub(super) fn send_notification(&mut self) {
        let notification = std::mem::take(&mut self.notifier.gathered);
        let cluster = Arc::clone(&self.cluster);
        spawn_and_notify(&self.cluster.node, NodeMsg::NotificationSent, async move {
            if let Err(error) =
                node::notify(&cluster.env.db, cluster.membership.epoch(), notification).await
            {
                tracing::debug!(%error, "the notification was not sent; the other processes will poll");
            }
            NodeMsg::NotificationSent
        });
    }

    pub(super) fn notification_sent(&mut self) {
        self.notifier.busy = false;
        self.schedule_send();
    }
}
