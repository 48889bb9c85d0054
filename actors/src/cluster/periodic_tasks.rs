//! The runs of the Node's periodic tasks. A run logs its own errors and returns the delay before the next run.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use entities::queries::node::{self, Heartbeat};
use entities::queries::{wal, write_probe};

use super::change::ClusterEvent;
use super::handle::Cluster;
use super::messages::NodeTask;
use super::{control_feed, janitor, rescue};
use crate::infra::entropy;

/// The delay before the next removal of expired rows if some remain. It is short, so that rows are removed faster than
/// they can be written.
const CLEAN_ON: Duration = Duration::from_millis(100);
/// The length of the write-ahead log, in pages of 4 KiB, from which on the Node logs a warning (1 GiB). The Node warns
/// again each time that the length has doubled.
pub(super) const LONG_WAL: i64 = 262_144;
/// The size of a test write: about that of a batch of the Writer.
const PROBE_BYTES: usize = 256 * 1_024;

impl NodeTask {
    /// Whether this process never needs another run. On SQLite there are no other processes, so that nothing of the
    /// cluster has to wait for the one connection that writes.
    pub(super) fn is_disabled(self, cluster: &Cluster) -> bool {
        let is_alone = !cluster.env.db.is_postgres();
        match self {
            Self::Heartbeat => is_alone || cluster.membership.has_left(),
            Self::PollFeed | Self::Rescue => is_alone,
            Self::Checkpoint => !is_alone,
            Self::Clean | Self::ProbeWrites => false,
        }
    }

    /// The usual delay between two runs.
    pub(super) fn pause(self) -> Duration {
        match self {
            Self::PollFeed => Duration::from_millis(250),
            Self::Clean => Duration::from_secs(60),
            Self::Heartbeat | Self::Rescue | Self::Checkpoint | Self::ProbeWrites => {
                Duration::from_secs(1)
            }
        }
    }

    /// Runs once. `is_fenced` says whether this process must rejoin. `long_wal` is the length of the write-ahead log
    /// from which on the next warning is logged.
    pub(super) async fn run(
        self,
        cluster: &Cluster,
        is_fenced: bool,
        long_wal: &AtomicI64,
    ) -> Duration {
        let pause = match self {
            Self::Heartbeat if is_fenced => rejoin(cluster).await,
            Self::Heartbeat => heartbeat(cluster).await,
            Self::PollFeed => poll_feed(cluster).await,
            Self::Rescue => rescue(cluster).await,
            Self::Clean => clean(cluster).await,
            Self::Checkpoint => checkpoint(cluster, long_wal).await,
            Self::ProbeWrites => probe_writes(cluster).await,
        };
        pause.unwrap_or(self.pause())
    }
}

async fn heartbeat(cluster: &Cluster) -> Option<Duration> {
    let (membership, clock) = (&cluster.membership, &cluster.env.clock);
    let began = clock.now();
    match node::heartbeat(&cluster.env.db, membership.member()).await {
        Ok(Heartbeat::Confirmed { nodes, database_ms }) => {
            membership.confirm(began.mono_ms());
            membership.nodes().observe(nodes, began.mono_ms());
            if let Some(database_ms) = database_ms {
                clock.adjust(began, database_ms);
            }
        }
        Ok(Heartbeat::Lost) => {
            tracing::warn!(
                epoch = membership.epoch(),
                "this process lost its registration in the cluster; it stops sending and rejoins"
            );
            membership.fence();
            return Some(Duration::ZERO);
        }
        Err(error) => tracing::warn!(%error, "the heartbeat was not confirmed"),
    }
    None
}

async fn rejoin(cluster: &Cluster) -> Option<Duration> {
    let membership = &cluster.membership;
    match membership.rejoin(&cluster.env.db, &cluster.env.clock).await {
        Ok(()) => tracing::info!(
            epoch = membership.epoch(),
            "this process rejoined the cluster under a new epoch"
        ),
        Err(error) => {
            tracing::warn!(%error, "this process could not rejoin the cluster; it is retried");
        }
    }
    None
}

async fn poll_feed(cluster: &Cluster) -> Option<Duration> {
    if let Err(error) = control_feed::follow(cluster).await {
        tracing::warn!(%error, "the control feed could not be read");
    }
    None
}

async fn rescue(cluster: &Cluster) -> Option<Duration> {
    match rescue::rescue(cluster).await {
        Ok(0) => {}
        Ok(rows) => {
            tracing::warn!(rows, "released the leases of failed processes");
            cluster.events.send(ClusterEvent::DeliveriesFreed);
        }
        Err(error) => {
            tracing::warn!(%error, "the search for failed processes did not finish; it is retried");
        }
    }
    None
}

async fn clean(cluster: &Cluster) -> Option<Duration> {
    let cleaned = janitor::clean(&cluster.env).await;
    for error in &cleaned.failures {
        tracing::warn!(%error, "a removal of expired rows failed");
    }
    cleaned.more.then_some(CLEAN_ON)
}

async fn checkpoint(cluster: &Cluster, long_wal: &AtomicI64) -> Option<Duration> {
    match wal::checkpoint_wal(&cluster.env.db).await {
        Ok(pages) if pages < LONG_WAL => long_wal.store(LONG_WAL, Ordering::Relaxed),
        Ok(pages) if pages >= long_wal.load(Ordering::Relaxed) => {
            tracing::warn!(
                pages,
                "the write-ahead log of SQLite is large; a long read or overlapping reads prevent its reset"
            );
            long_wal.store(pages.saturating_mul(2), Ordering::Relaxed);
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%error, "a checkpoint of the write-ahead log of SQLite failed; it is retried");
        }
    }
    None
}

async fn probe_writes(cluster: &Cluster) -> Option<Duration> {
    let db = &cluster.env.db;
    if db.refuses_writes() {
        let mut data = vec![0; PROBE_BYTES];
        entropy(&mut data);
        // The pool logs the outage and its end.
        let _ = write_probe::probe_writes(db, data).await;
    }
    None
}
