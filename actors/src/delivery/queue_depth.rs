//! How many deliveries are in each state, counted seldom.

use std::time::Duration;

use entities::queries::delivery::depth;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::contract::{ApiError, DbResultExt as _};
use crate::domain::delivery_state::QUEUED;
use crate::infra::Env;

/// Counting the queue costs something: it is done at most this often, however often one asks.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// The queue's states and how many rows are in each.
pub(crate) type Depth = Vec<(&'static str, i64)>;

/// The queue's depth as it was last counted, and when.
#[derive(Debug, Default)]
pub(crate) struct QueueDepth(Mutex<Option<(Instant, Depth)>>);

impl QueueDepth {
    /// The last count, or a new one where that is too old.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the queue cannot be counted.
    pub(crate) async fn get(&self, env: &Env) -> Result<Depth, ApiError> {
        // Held while it is counted, so that it is counted once for everybody who asks meanwhile.
        let mut known = self.0.lock().await;
        if let Some((at, depth)) = known.as_ref()
            && at.elapsed() < COUNT_EVERY
        {
            return Ok(depth.clone());
        }
        let counted = depth(env.db.reader()).await.map_db_error()?;
        let many = |state: &'static str| {
            let found = counted.iter().find(|(name, _)| name == state);
            (state, found.map_or(0, |(_, many)| *many))
        };
        let depth: Depth = QUEUED.map(many).to_vec();
        *known = Some((Instant::now(), depth.clone()));
        Ok(depth)
    }
}
