//! The janitor: removal of rows whose retention has ended.

use entities::queries::node::{self, CleanupResult};
use entities::queries::retention::{self, Retention};

use crate::infra::Env;

/// The maximum number of rows that one statement removes.
const CLEAN_BATCH: u32 = 2_000;

/// Runs once. Returns how many rows were removed and whether more remain.
pub(super) async fn clean(env: &Env) -> CleanupResult {
    const DAY_MS: i64 = 24 * 3_600_000;
    let keep = Retention {
        payloads_ms: i64::from(env.settings.payload_days) * DAY_MS,
        attempts_ms: i64::from(env.settings.attempt_days) * DAY_MS,
    };
    let now_ms = env.clock.now_ms();
    let cleaned = node::clean(&env.db, now_ms, CLEAN_BATCH).await;
    let pruned = retention::prune(&env.db, keep, now_ms, CLEAN_BATCH).await;
    cleaned.and(pruned)
}
