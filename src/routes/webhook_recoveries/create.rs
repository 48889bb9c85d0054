//! `POST /v1/settings/webhook-deliveries/recover`: starts a recovery.

use actors::{PartnerApi, RecoveryView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, FieldErrors, IdempotencyHeader, OptionalKey, request_body};
use crate::routes::respond;

request_body! {
    /// The period of a recovery.
    #[schema(as = RecoverDeliveries)]
    pub(crate) struct Request => Values {
        /// Start of the period: events at or after this time. RFC 3339 with a time zone.
        #[schema(format = "date-time")]
        required since: String,
        /// End of the period: events before this time. If absent, now.
        #[schema(format = "date-time")]
        optional until: String,
    }
}

/// Recover webhook deliveries
///
/// Sends again all events of the period whose delivery failed, ran out of attempts or was cancelled, and also events
/// that were not sent to any endpoint. The number of events is not limited. Each event keeps its `webhook-id`. Disabled
/// endpoints are skipped. The recovery runs in the background; `GET /v1/settings/webhook-recoveries/{id}` shows its
/// progress. A creditor can run at most three recoveries at a time.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/recover", tag = "Webhooks", params(IdempotencyHeader), request_body = Request,
    responses((status = 202, description = "The recovery has been started", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    key: OptionalKey,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let span = super::span(&mut errors, body.since, body.until);
    let span = errors.finish(|| span)?;
    let recovery = api.recover_deliveries(&caller.0, span, key.0).await?;
    Ok(respond::replayable(StatusCode::ACCEPTED, recovery))
}
