//! The rescue: release of leases that failed processes hold.
//!
//! An epoch without a `node` row has failed. Either of two proofs removes the row of another process. First, its
//! session lock can be acquired, so its connection is closed. Second, its heartbeat is older than the longest time for
//! which it could still be sending. A process may use the second proof only if its own heartbeat has been unbroken for
//! that long, because after a restart of the database every process looks silent to the first one that reconnects.

use entities::queries::node;
use entities::{Database, DbErr};

use super::handle::Cluster;
use super::membership::FENCE_AFTER_MS;

/// Safety margin on top of the longest time for which a silent process could still be sending.
const MARGIN_MS: i64 = 5_000;
/// The maximum number of searches for owners without a row in one run. The next run continues.
const ROUNDS: usize = 8;

/// The age of a heartbeat, in milliseconds, from which on its process is certainly not sending any more.
fn silence_ms(delivery_timeout: std::time::Duration) -> i64 {
    let timeout_ms = i64::try_from(delivery_timeout.as_millis()).unwrap_or(i64::MAX);
    timeout_ms.saturating_add(FENCE_AFTER_MS + MARGIN_MS)
}

/// Runs once. Returns the number of released leases.
pub(super) async fn rescue(cluster: &Cluster) -> Result<u64, DbErr> {
    let (db, membership) = (&cluster.env.db, &cluster.membership);
    membership.remove_stale_epochs(db).await?;
    let own = membership.epoch();
    let mut failed = node::unlocked_epochs(db, own).await?;
    let silence_ms = silence_ms(cluster.env.settings.delivery_timeout);
    if membership.unbroken_for_ms(cluster.env.clock.mono_ms()) >= silence_ms {
        failed.extend(node::silent_epochs(db, own, silence_ms).await?);
    }
    let mut freed = 0;
    for epoch in failed {
        // Releases the leases first. If the removal of the row then fails, the next run finds the epoch again. If only
        // the row is removed, `free_rest` finds the leases.
        freed += node::release_leases_of(db, epoch).await?;
        node::remove(db, epoch).await?;
        tracing::warn!(epoch, "a process has failed; its leases are released");
    }
    Ok(freed + free_rest(db).await?)
}

/// Releases leases of epochs without a `node` row. They include leases that a stalled process acquired after its row
/// was removed.
async fn free_rest(db: &Database) -> Result<u64, DbErr> {
    let mut freed = 0;
    for _ in 0..ROUNDS {
        let owners = node::owners_without_node(db).await?;
        if owners.is_empty() {
            break;
        }
        for owner in owners {
            freed += node::release_leases_of(db, owner).await?;
        }
    }
    Ok(freed)
}
