//! `POST /support/v1/webhook-deliveries/recover`: starts a recovery for a creditor.

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

/// The creditor and the period of a recovery.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SupportRecoverDeliveries)]
pub(crate) struct Request {
    /// Id of the creditor.
    #[serde(default)]
    #[schema(value_type = String, required, format = "uuid")]
    creditor_id: Field<String>,
    /// Start of the period: events at or after this time. RFC 3339 with a time zone.
    #[serde(default)]
    #[schema(value_type = String, required, format = "date-time")]
    since: Field<String>,
    /// End of the period: events before this time. If absent, now.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    until: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

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
