//! Routes of recoveries: background jobs that send undelivered events again.

use actors::ids::RecoveryId;
use actors::{RecoveryPeriod, RecoveryView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::Result;
use crate::extract::{Body, Caller, FieldErrors, OptionalKey, PathId, request_body};
use crate::routes::respond;

/// Validates the period, which the creditor's request and the support request have in common.
pub(super) fn span(
    errors: &mut FieldErrors,
    since: Option<String>,
    until: Option<String>,
) -> Option<RecoveryPeriod> {
    let since = errors.instant("since", since);
    let until_ms = errors.instant("until", until);
    let since_ms = since?;
    errors.check("until", until_ms, |until_ms| match until_ms > since_ms {
        true => Ok(()),
        false => Err("must be after since"),
    });
    Some(RecoveryPeriod { since_ms, until_ms })
}

request_body! {
    /// The period of a recovery.
    pub(crate) struct RecoverDeliveries {
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
    post, path = "/v1/settings/webhook-deliveries/recover", tag = "Webhooks", params(OptionalKey), request_body = RecoverDeliveries,
    responses((status = 202, description = "The recovery has been started", body = RecoveryView))
)]
pub(crate) async fn create(
    caller: Caller,
    key: OptionalKey,
    body: Body<RecoverDeliveries>,
) -> Result<Response> {
    let (body, mut errors) = body.read();
    let span = span(&mut errors, body.since, body.until);
    let span = errors.finish(|| span)?;
    let recovery = caller.recover_deliveries(span, key.key).await?;
    Ok(respond::replayable(StatusCode::ACCEPTED, recovery))
}

/// Show a recovery
#[utoipa::path(
    get, path = "/v1/settings/webhook-recoveries/{id}", tag = "Webhooks",
    responses((status = 200, description = "The recovery with its current progress", body = RecoveryView))
)]
pub(crate) async fn show(caller: Caller, id: PathId<RecoveryId>) -> Result<Json<RecoveryView>> {
    Ok(Json(caller.webhook_recovery(id.0).await?))
}
