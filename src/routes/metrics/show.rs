//! `GET /metrics`: every instrument, in the text format of OpenMetrics.

use actors::PartnerApi;
use axum::extract::State;
use axum::http::{HeaderName, header};

use crate::error::PartnerError;

/// The content type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Metrics
///
/// Counters, histograms and levels of this process, for Prometheus and its like. No label names a creditor.
#[utoipa::path(
    get, path = "/metrics", tag = "Server",
    responses((status = 200, description = "OpenMetrics 1.0", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
) -> Result<([(HeaderName, &'static str); 1], String), PartnerError> {
    let text = api.metrics().await?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}
