//! The reader of the control feed, which lists the changes of keys, limits and endpoints on all nodes.

use entities::queries::node;
use entities::{DbErr, control_feed};

use super::change::{ChangeKind, ClusterEvent};
use super::handle::Cluster;

/// The maximum number of entries per query.
const READ: u64 = 500;

/// Reads all new entries and publishes them. Cached state is then fresh as of the start of the last query.
pub(super) async fn follow(cluster: &Cluster) -> Result<(), DbErr> {
    #[cfg(feature = "fault-injection")]
    if cluster.membership.feed_is_cut() {
        return Err(DbErr::Custom("the tests have cut the feed".to_owned()));
    }
    loop {
        let began_ms = cluster.env.clock.mono_ms();
        let after = cluster.membership.feed_position();
        let entries = node::read_feed(cluster.env.db.node(), after, READ).await?;
        let full = entries.len() as u64 >= READ;
        if entries
            .first()
            .is_some_and(|entry| entry.number > after + 1)
        {
            // The janitor removed entries before this process read them. The process was suspended for over an hour.
            tracing::warn!("control feed entries were missed; all cached state is reloaded");
            cluster.events.send(ClusterEvent::FeedGap);
        }
        for entry in &entries {
            publish(cluster, entry);
        }
        if let Some(last) = entries.last() {
            cluster.membership.set_feed_position(last.number);
        }
        if !full {
            cluster.membership.confirm_feed(began_ms);
            return Ok(());
        }
    }
}

/// Publishes an entry. An actor that is down may miss the event, because it reloads its state when it starts.
fn publish(cluster: &Cluster, entry: &control_feed::Model) {
    let creditor = entry.creditor_id;
    match ChangeKind::parse(&entry.kind) {
        Some(kind) => cluster
            .events
            .send(ClusterEvent::Changed { creditor, kind }),
        None => tracing::warn!(
            kind = entry.kind,
            "the control feed contains an unknown kind of change, written by a newer version"
        ),
    }
}
