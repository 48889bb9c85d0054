//! The method that a monitoring system scrapes.

use super::partner_api::PartnerApi;
use crate::contract::{ApiError, ApiResult};
use crate::delivery::GaugeValues;

impl PartnerApi {
    /// Returns all metrics of this process in the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if the queue depth cannot be read from the database.
    pub async fn metrics(&self) -> ApiResult<String> {
        let delivery = &self.modules().delivery;
        let now_ms = delivery.env.clock.mono_ms();
        let (open, half_open) = delivery.leases.circuits(now_ms);
        let levels = GaugeValues {
            queue: delivery.queue_depth.get(&delivery.env).await?,
            leases_in_use: delivery.leases.in_flight(),
            open,
            half_open,
        };
        let text = delivery.metrics.render(&levels);
        text.map_err(|_| ApiError::Internal)
    }
}
