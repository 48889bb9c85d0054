//! The listener for notifications of other processes.
//!
//! Notifications only reduce latency, because every process also polls. The listener turns each one into the message
//! that a local change causes.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::queries::node::{Listener, Notification};

use super::change::ClusterEvent;
use super::handle::Cluster;
use super::messages::{NodeMsg, NodeTask};

/// The wait before a reconnect.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Forwards notifications, and reconnects after errors. Returns at once on SQLite.
pub(super) async fn listen(cluster: Arc<Cluster>) {
    let mut failures: u32 = 0;
    while let Err(error) = forward(&cluster, &mut failures).await {
        failures = failures.saturating_add(1);
        // An outage of the database repeats this every second.
        if failures == 1 {
            tracing::warn!(%error, "there is no connection that listens for notifications; this process polls");
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

/// Forwards notifications until the connection fails. Returns at once on SQLite, where there are no other processes.
async fn forward(cluster: &Cluster, failures: &mut u32) -> Result<(), DbErr> {
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = Listener::open(&cluster.env.db).await?;
            *failures = 0;
        }
        let Some(open) = &mut listener else {
            return Ok(());
        };
        let received = open.next(|| cluster.membership.epoch()).await?;
        if received.is_none() {
            listener = None;
        }
        let notification = received.unwrap_or_else(Notification::everything);
        if notification.due {
            cluster.events.send(ClusterEvent::PeerNotified);
        }
        if notification.feed {
            let task = NodeTask::PollFeed;
            let _ = cluster.node.send(NodeMsg::Run { task });
        }
    }
}
