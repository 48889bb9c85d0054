//! Hearing the other processes: only a matter of speed, because everybody polls.
//!
//! What is heard is passed on as the wake-ups that this process gives itself.

use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::queries::node::Listener;
use tokio::task::JoinHandle;

use super::change::ClusterEvent;
use super::handle::Cluster;
use super::messages::NodeMsg;

/// From a lost connection to the next one.
const DEAF_PAUSE: Duration = Duration::from_secs(1);

/// The task that hears the others; it ends with this.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Passes on what the others ring, as long as the Node lives.
pub(super) fn listen(cluster: &Arc<Cluster>) -> Listening {
    let cluster = Arc::clone(cluster);
    Listening(tokio::spawn(async move {
        while let Err(error) = hear(&cluster).await {
            tracing::debug!(%error, "the others are not heard for a moment");
            tokio::time::sleep(DEAF_PAUSE).await;
        }
    }))
}

/// Ends well where there are no others.
async fn hear(cluster: &Cluster) -> Result<(), DbErr> {
    let Some(mut listener) = Listener::open(&cluster.env.db).await? else {
        return Ok(());
    };
    loop {
        let rung = listener.next(|| cluster.membership.epoch()).await?;
        if rung.due {
            cluster.events.send(ClusterEvent::PeerNotified);
        }
        if rung.feed {
            let _ = cluster.node.send(NodeMsg::PollFeed);
        }
    }
}
