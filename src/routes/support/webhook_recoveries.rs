//! Support routes of recoveries.

use actors::RecoveryView;
use actors::ids::RecoveryId;
use axum::Json;
use axum::http::StatusCode;

use crate::error::Result;
use crate::extract::{Body, PathId, Support, request_body};
use crate::routes::webhook_recoveries;

request_body! {
    /// The creditor and the period of a recovery.
    pub(crate) struct SupportRecoverDeliveries {
        /// Id of the creditor.
        #[schema(format = "uuid")]
        required creditor_id: String,
        /// Start of the period: events at or after this time. RFC 3339 with a time zone.
        #[schema(format = "date-time")]
        required since: String,
        /// End of the period: events before this time. If absent, now.
        #[schema(format = "date-time")]
        optional until: String,
    }
}

/// Recover the deliveries of a creditor
///
/// Works like `POST /v1/settings/webhook-deliveries/recover`, but for any creditor.
#[utoipa::path(
    post, path = "/support/v1/webhook-deliveries/recover", tag = "Support", request_body = SupportRecoverDeliveries,
    responses((status = 202, description = "The recovery has been started", body = RecoveryView))
)]
pub(crate) async fn create(
    support: Support,
    body: Body<SupportRecoverDeliveries>,
) -> Result<(StatusCode, Json<RecoveryView>)> {
    let (body, mut errors) = body.read();
    let creditor = errors.id("creditor_id", body.creditor_id);
    let span = webhook_recoveries::span(&mut errors, body.since, body.until);
    let (creditor, span) = errors.finish(|| creditor.zip(span))?;
    let recovery = support.recover_deliveries(creditor, span).await?;
    Ok((StatusCode::ACCEPTED, Json(recovery)))
}

/// Show a recovery of any creditor
#[utoipa::path(
    get, path = "/support/v1/webhook-recoveries/{id}", tag = "Support",
    responses((status = 200, description = "The recovery with its current progress", body = RecoveryView))
)]
pub(crate) async fn show(support: Support, id: PathId<RecoveryId>) -> Result<Json<RecoveryView>> {
    Ok(Json(support.recovery(id.0).await?))
}
