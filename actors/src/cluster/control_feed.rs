//! Acting on the control feed: what other nodes changed about keys, limits and endpoints.

use entities::queries::node;
use entities::{DbErr, control_feed};

use super::change::{ChangeKind, ClusterEvent};
use super::handle::Cluster;

/// Entries of one read.
const READ: u64 = 500;

/// Reads everything new and tells whom it concerns. Fresh is the memory of this process as of
/// the time at which the last of these reads began.
pub(super) async fn follow(cluster: &Cluster) -> Result<(), DbErr> {
    #[cfg(feature = "fault-injection")]
    if cluster.membership.feed_is_cut() {
        return Err(DbErr::Custom("the tests have cut the feed".to_owned()));
    }
    loop {
        let began_ms = cluster.env.clock.now_ms();
        let after = cluster.membership.feed_position();
        let entries = node::read_feed(cluster.env.db.node(), after, READ).await?;
        let full = entries.len() as u64 >= READ;
        if entries
            .first()
            .is_some_and(|entry| entry.number > after + 1)
        {
            // Entries were removed before they were read: this process slept for an hour.
            tracing::error!("entries of the control feed were missed: everything is read again");
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

/// An actor that is down has nothing to forget: it reads everything when it is back.
fn publish(cluster: &Cluster, entry: &control_feed::Model) {
    let creditor = entry.creditor_id;
    match ChangeKind::parse(&entry.kind) {
        Some(kind) => cluster
            .events
            .send(ClusterEvent::Changed { creditor, kind }),
        None => tracing::warn!(
            kind = entry.kind,
            "a newer program writes changes that this one does not know"
        ),
    }
}
