//! `POST /v1/settings/webhook-deliveries/recover`: send again what did not arrive.

use actors::{PartnerApi, RecoveryView};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Caller, Field, FieldErrors, IdempotencyHeader, OptionalKey, Unknown};
use crate::routes::respond;

/// Of which time.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = RecoverDeliveries)]
pub(crate) struct Request {
    /// Events from then on, RFC 3339 with a zone.
    #[serde(default)]
    #[schema(value_type = String, required, format = "date-time")]
    since: Field<String>,
    /// And before then; absent is now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    until: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// Recover deliveries
///
/// Makes due again whatever failed, ran out of attempts or was cancelled, and sends events that no endpoint was sent,
/// any number of them, each under its old `webhook-id`. Endpoints that are switched off are left out. It goes on in the
/// background: `GET /v1/settings/webhook-recoveries/{id}` shows how far it is. At most three at a time.
#[utoipa::path(
    post, path = "/v1/settings/webhook-deliveries/recover", tag = "Webhooks", params(IdempotencyHeader), request_body = Request,
    responses((status = 202, description = "The recovery, begun", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    key: OptionalKey,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let span = super::span(&mut errors, body.since, body.until);
    errors.unknown(&body.unknown);
    let span = errors.finish(|| span)?;
    let recovery = api.recover_deliveries(&caller.0, span, key.0).await?;
    Ok(respond::replayable(StatusCode::ACCEPTED, recovery))
}
