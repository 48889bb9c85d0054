//! Routes of the creditor's settings.

pub(crate) mod api_key;
pub(crate) mod read_key;
pub(crate) mod webhook_endpoints;
pub(crate) mod webhook_secret;

use actors::{ApiError, SettingsPatch, SettingsView};
use axum::Json;

use crate::error::Result;
use crate::extract::{Body, Caller, request_body};

/// Show the settings
///
/// Returns the account status, defaults, webhook and tier. The API key is masked.
#[utoipa::path(
    get, path = "/v1/settings", tag = "Settings",
    responses((status = 200, description = "The settings", body = SettingsView))
)]
pub(crate) async fn show(caller: Caller) -> Result<Json<SettingsView>> {
    Ok(Json(caller.settings().await?))
}

request_body! {
    /// The fields to change. Absent fields stay unchanged.
    #[schema(as = SettingsPatch)]
    pub(crate) struct Request {
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
pub(crate) async fn update(caller: Caller, body: Body<Request>) -> Result<Json<SettingsView>> {
    let redirects = body.0.webhook_url.is_present() || body.0.webhook_events.is_present();
    if redirects && !caller.is_session() {
        return Err(ApiError::DashboardSessionRequired.into());
    }
    let (body, mut errors) = body.read();
    let posture_default = errors.variant("posture_default", body.posture_default);
    let patch = errors.finish(|| {
        Some(SettingsPatch {
            posture_default,
            webhook_url: body.webhook_url,
            webhook_events: body.webhook_events,
        })
    })?;
    Ok(Json(caller.update_settings(patch).await?))
}
