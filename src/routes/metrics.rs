//! Metrics for a monitoring system.

use actors::{ApiError, PartnerApi};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};

use crate::app_state::AppState;
use crate::error::{PartnerError, Result};

/// The content type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The content type for a caller that does not ask for OpenMetrics. The text is valid in the older format of Prometheus
/// too, in which the lines that only OpenMetrics has are comments.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics
///
/// Returns counters, histograms and gauges of this process, for Prometheus and compatible systems. `Accept` with
/// `application/openmetrics-text` gets that type, every other one `text/plain`. No label identifies
/// a creditor.
#[utoipa::path(
    get, path = "/metrics", tag = "Server",
    responses((status = 200, description = "OpenMetrics 1.0", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn show(
    api: PartnerApi,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<([(HeaderName, &'static str); 1], String), PartnerError> {
    let mut text = state.metrics.render().map_err(|_| ApiError::Internal)?;
    text.push_str(&api.metrics().await?);
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let format = match accepted
        .into_iter()
        .any(|types| types.contains("application/openmetrics-text"))
    {
        true => OPEN_METRICS,
        false => PLAIN,
    };
    Ok(([(header::CONTENT_TYPE, format)], text))
}
