//! `PATCH /v1/settings`: changes defaults and the webhook. Changes of the webhook need a session.

use actors::domain::placement::Posture;
use actors::{ApiError, PartnerApi, SettingsPatch, SettingsView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, FieldErrors, request_body};

request_body! {
    /// The fields to change. Absent fields stay unchanged.
    #[schema(as = SettingsPatch)]
    pub(crate) struct Request => Values {
        /// Default posture of new placements: `preserve` or `escalate`.
        #[schema(example = "preserve")]
        optional posture_default: String,
        /// URL to which events are sent. Null removes it. Needs a signed-in session.
        #[schema(format = "uri")]
        nullable webhook_url: String,
        /// Event types to send, from `GET /v1/settings/webhook-events`. Null means all. Needs a signed-in session.
        nullable webhook_events: Vec<String>,
    }
}

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
    let body = body.read(&mut errors);
    let posture_default = errors.one_of(
        "posture_default",
        body.posture_default,
        &Posture::ALL.map(Posture::as_str),
        Posture::parse,
    );
    let patch = errors.finish(|| {
        Some(SettingsPatch {
            posture_default,
            webhook_url: body.webhook_url,
            webhook_events: body.webhook_events,
        })
    })?;
    Ok(Json(api.update_settings(&caller.0, patch).await?))
}
