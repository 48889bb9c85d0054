//! `PATCH /v1/settings`: changes defaults and the webhook. Changes of the webhook need a session.

use actors::domain::placement::Posture;
use actors::{ApiError, PartnerApi, SettingsPatch, SettingsView};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Caller, Field, FieldErrors, Unknown};

/// The fields to change. Absent fields stay unchanged.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SettingsPatch)]
pub(crate) struct Request {
    /// Default posture of new placements: `preserve` or `escalate`.
    #[serde(default)]
    #[schema(value_type = String, example = "preserve")]
    posture_default: Field<String>,
    /// URL to which events are sent. Null removes it. Needs a signed-in session.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri")]
    webhook_url: Field<String>,
    /// Event types to send, from `GET /v1/settings/webhook-events`. Null means all. Needs a signed-in session.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    webhook_events: Field<Vec<String>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// Change the settings
///
/// An API key may change only `posture_default`, so that a leaked key cannot redirect webhooks.
#[utoipa::path(
    patch, path = "/v1/settings", tag = "Settings", request_body = Request,
    responses(
        (status = 200, description = "The settings after the change", body = SettingsView),
        (status = 403, description = "`dashboard_session_required`: an API key tried to change `webhook_url` or `webhook_events`"),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Json<SettingsView>, PartnerError> {
    let redirects = body.webhook_url.is_present() || body.webhook_events.is_present();
    if redirects && !caller.is_session() {
        return Err(ApiError::DashboardSessionRequired.into());
    }
    let mut errors = FieldErrors::of_body();
    let posture = errors.optional("posture_default", body.posture_default);
    let posture_default = errors.one_of(
        "posture_default",
        posture,
        &Posture::ALL.map(Posture::as_str),
        Posture::parse,
    );
    let webhook_url = errors.nullable("webhook_url", body.webhook_url);
    let webhook_events = errors.nullable("webhook_events", body.webhook_events);
    errors.unknown(&body.unknown);
    let patch = errors.finish(|| {
        Some(SettingsPatch {
            posture_default,
            webhook_url,
            webhook_events,
        })
    })?;
    Ok(Json(api.update_settings(&caller.0, patch).await?))
}
