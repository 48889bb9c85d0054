//! `POST /support/v1/webhook-deliveries/recover`: starts a recovery for a creditor.

use actors::{PartnerApi, RecoveryView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, Support, request_body};
use crate::routes::webhook_recoveries;

request_body! {
    /// The creditor and the period of a recovery.
    #[schema(as = SupportRecoverDeliveries)]
    pub(crate) struct Request => Values {
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
    post, path = "/support/v1/webhook-deliveries/recover", tag = "Support", request_body = Request,
    responses((status = 202, description = "The recovery has been started", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    Body(body): Body<Request>,
) -> Result<(StatusCode, Json<RecoveryView>), PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let creditor = errors.id("creditor_id", body.creditor_id);
    let span = webhook_recoveries::span(&mut errors, body.since, body.until);
    let (creditor, span) = errors.finish(|| creditor.zip(span))?;
    let recovery = api
        .support_recover_deliveries(&support.0, creditor, span)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(recovery)))
}
