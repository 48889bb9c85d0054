//! The number of queued deliveries in each state, cached because the count is expensive.

use std::time::Duration;

use entities::queries::delivery::depth;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::contract::ApiError;
use crate::domain::delivery_state::QUEUED;
use crate::infra::Env;

/// Minimum time between two counts, because a count is expensive.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// The states of the queue and the number of rows in each.
pub(crate) type Depth = Vec<(&'static str, i64)>;

/// The last count and its time.
#[derive(Debug, Default)]
pub(crate) struct QueueDepth(Mutex<Option<(Instant, Depth)>>);

impl QueueDepth {
    /// Returns the last count, or a new one if that is too old.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the queue cannot be counted.
    pub(crate) async fn get(&self, env: &Env) -> Result<Depth, ApiError> {
        // Hold the lock during the count, so that concurrent callers share one count.
        let mut known = self.0.lock().await;
        if let Some((at, depth)) = known.as_ref()
            && at.elapsed() < COUNT_EVERY
        {
            return Ok(depth.clone());
        }
        let counted = depth(env.db.reader()).await?;
        let count_of = |state: &'static str| {
            let found = counted.iter().find(|(name, _)| name == state);
            (state, found.map_or(0, |(_, count)| *count))
        };
        let depth: Depth = QUEUED.map(count_of).to_vec();
        *known = Some((Instant::now(), depth.clone()));
        Ok(depth)
    }
}
