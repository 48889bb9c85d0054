//! Metrics for a monitoring system.

use actors::PartnerApi;
use axum::http::{HeaderName, header};

use crate::error::{PartnerError, Result};

/// The content type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Metrics
///
/// Returns counters, histograms and gauges of this process, for Prometheus and compatible systems. No label identifies
/// a creditor.
#[utoipa::path(
    get, path = "/metrics", tag = "Server",
    responses((status = 200, description = "OpenMetrics 1.0", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn show(
    api: PartnerApi,
) -> Result<([(HeaderName, &'static str); 1], String), PartnerError> {
    let text = api.metrics().await?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}
