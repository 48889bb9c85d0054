//! The listener for notifications of other processes.
//!
//! Notifications only reduce latency, because every process also polls. The listener turns each one into the message
//! that a local change causes.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::queries::node::Listener;

use super::change::ClusterEvent;
use super::handle::Cluster;
use super::messages::{NodeMsg, Task};

/// The wait before a reconnect.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// Forwards notifications, and reconnects after errors. Returns at once on SQLite.
pub(super) async fn listen(cluster: Arc<Cluster>) {
    while let Err(error) = forward(&cluster).await {
        tracing::warn!(%error, "the connection that listens for notifications was lost; this process polls until it reconnects");
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

/// Forwards notifications until the connection fails. Returns at once on SQLite, where there are no other processes.
async fn forward(cluster: &Cluster) -> Result<(), DbErr> {
    let Some(mut listener) = Listener::open(&cluster.env.db).await? else {
        return Ok(());
    };
    loop {
        let notification = listener.next(|| cluster.membership.epoch()).await?;
        if notification.due {
            cluster.events.send(ClusterEvent::PeerNotified);
        }
        if notification.feed {
            let task = Task::PollFeed;
            let _ = cluster.node.send(NodeMsg::Run { task });
        }
    }
}
