//! The notifier, which sends notifications to the other processes.
//!
//! Notifications only reduce latency, because every process also polls. They are merged for a short time, so that many
//! commits cause one `NOTIFY`.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::node::{self, Notification};

use super::handle::Cluster;
use super::messages::NodeMsg;
use crate::supervision::spawn_and_notify;

/// How long notifications are merged before one is sent.
const GATHER: Duration = Duration::from_millis(20);

/// The pending notification for the other processes.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    gathered: Notification,
    /// Whether a notification is scheduled or being sent. Only one at a time, so that a slow database gets fewer.
    busy: bool,
}

impl Notifier {
    pub(super) fn gather(&mut self, cluster: &Cluster, notification: Notification) {
        self.gathered = self.gathered.and(notification);
        self.schedule_send(cluster);
    }

    fn schedule_send(&mut self, cluster: &Cluster) {
        if !self.busy && !self.gathered.is_empty() {
            self.busy = true;
            cluster.node.send_after(GATHER, NodeMsg::SendNotification);
        }
    }

    pub(super) fn send(&mut self, cluster: &Arc<Cluster>) {
        let notification = std::mem::take(&mut self.gathered);
        let sender = Arc::clone(cluster);
        spawn_and_notify(&cluster.node, NodeMsg::NotificationSent, async move {
            let epoch = sender.membership.epoch();
            if let Err(error) = node::notify(&sender.env.db, epoch, notification).await {
                tracing::debug!(%error, "the notification was not sent; the other processes will poll");
            }
            NodeMsg::NotificationSent
        });
    }

    pub(super) fn sent(&mut self, cluster: &Cluster) {
        self.busy = false;
        self.schedule_send(cluster);
    }
}
