//! What a monitoring system reads.

use std::time::Duration;

use entities::queries::delivery::depth;
use tokio::time::Instant;

use super::partner_api::{ApiResult, PartnerApi};
use crate::contract::{ApiError, DbResultExt as _};
use crate::delivery::{Depth, Levels};
use crate::domain::delivery_state::QUEUED;

/// Counting the queue costs something: it is done at most this often, however often one asks.
const COUNT_EVERY: Duration = Duration::from_secs(10);

impl PartnerApi {
    /// Every instrument of this process, in the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the queue cannot be counted.
    pub async fn metrics(&self) -> ApiResult<String> {
        let house = self.house();
        let (open, half_open) = house.book.circuits(house.clock.now_ms());
        let levels = Levels {
            queue: self.queue_depth().await?,
            in_flight: house.book.in_flight(),
            open,
            half_open,
        };
        house
            .metrics
            .render(&levels)
            .map_err(|_| ApiError::Internal)
    }

    async fn queue_depth(&self) -> ApiResult<Depth> {
        let house = self.house();
        // Held while it is counted, so that it is counted once for everybody who asks meanwhile.
        let mut known = house.depth.lock().await;
        if let Some((at, depth)) = known.as_ref()
            && at.elapsed() < COUNT_EVERY
        {
            return Ok(depth.clone());
        }
        let counted = depth(house.db.reader()).await.or_fault()?;
        let many = |state: &'static str| {
            let found = counted.iter().find(|(name, _)| name == state);
            (state, found.map_or(0, |(_, many)| *many))
        };
        let depth: Depth = QUEUED.map(many).to_vec();
        *known = Some((Instant::now(), depth.clone()));
        Ok(depth)
    }
}
