//! Freeing what dead processes held.
//!
//! A process is dead when its `node` row is gone. Two proofs remove a row: its session lock can be
//! taken, so its connection is gone; or its heartbeat has been silent for longer than it may go on
//! sending. The second is only for a process whose own heartbeat has not been broken for so long:
//! after a restart of the database everyone looks silent to the first one back.

use entities::queries::node;
use entities::{Database, DbErr};

use super::handle::Cluster;
use super::membership::FENCE_AFTER_MS;

/// On top of what a silent process may still be doing.
const MARGIN_MS: i64 = 5_000;
/// Dead owners found in one round; the next second finds more.
const ROUNDS: usize = 8;

/// How long a heartbeat must be silent before its process is certainly not sending any more.
fn silence_ms(delivery_timeout: std::time::Duration) -> i64 {
    let timeout_ms = i64::try_from(delivery_timeout.as_millis()).unwrap_or(i64::MAX);
    timeout_ms.saturating_add(FENCE_AFTER_MS + MARGIN_MS)
}

/// One round. Answers how many rows were freed.
pub(super) async fn rescue(cluster: &Cluster) -> Result<u64, DbErr> {
    let (db, membership) = (&cluster.env.db, &cluster.membership);
    membership.remove_stale_epochs(db).await?;
    let own = membership.epoch();
    let mut dead = node::unlocked_epochs(db, own).await?;
    let silence_ms = silence_ms(cluster.env.settings.delivery_timeout);
    if membership.unbroken_for_ms(cluster.env.clock.now_ms()) >= silence_ms {
        dead.extend(node::silent_epochs(db, own, silence_ms).await?);
    }
    let mut freed = 0;
    for epoch in dead {
        // The rows first: were the node row removed alone, they would still be found below.
        freed += node::release_leases_of(db, epoch).await?;
        node::remove(db, epoch).await?;
        tracing::warn!(epoch, "a process is dead; what it held is free");
    }
    Ok(freed + free_rest(db).await?)
}

/// Frees rows of owners without a row: also what a stalled process leased after it was declared
/// dead.
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
