//! What a monitoring system reads.

use super::partner_api::PartnerApi;
use crate::contract::{ApiError, ApiResult};
use crate::delivery::Levels;

impl PartnerApi {
    /// Every instrument of this process, in the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the queue cannot be counted.
    pub async fn metrics(&self) -> ApiResult<String> {
        let delivery = &self.0.modules.delivery;
        let now_ms = delivery.env.clock.now_ms();
        let (open, half_open) = delivery.leases.circuits(now_ms);
        let levels = Levels {
            queue: delivery.queue_depth.get(&delivery.env).await?,
            in_flight: delivery.leases.in_flight(),
            open,
            half_open,
        };
        let text = delivery.metrics.render(&levels);
        text.map_err(|_| ApiError::Internal)
    }
}
