//! `POST /support/v1/webhook-deliveries/recover`: send again what did not reach a creditor.

use actors::{PartnerApi, RecoveryView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Field, FieldErrors, Support, Unknown};
use crate::routes::webhook_recoveries;

/// Whose, and of which time.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SupportRecoverDeliveries)]
pub(crate) struct Request {
    /// Whose.
    #[serde(default)]
    #[schema(value_type = String, required, format = "uuid")]
    creditor_id: Field<String>,
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

/// Recover a creditor's deliveries
#[utoipa::path(
    post, path = "/support/v1/webhook-deliveries/recover", tag = "Support", request_body = Request,
    responses((status = 202, description = "The recovery, begun", body = RecoveryView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    Body(body): Body<Request>,
) -> Result<(StatusCode, Json<RecoveryView>), PartnerError> {
    let mut errors = FieldErrors::of_body();
    let creditor = errors.required("creditor_id", body.creditor_id);
    let creditor = errors.check("creditor_id", creditor, |text| {
        Uuid::try_parse(&text).map_err(|_| "must be the id of a creditor")
    });
    let span = webhook_recoveries::span(&mut errors, body.since, body.until);
    errors.unknown(&body.unknown);
    let (creditor, span) = errors.finish(|| creditor.zip(span))?;
    let recovery = api
        .support_recover_deliveries(&support.0, creditor, span)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(recovery)))
}
