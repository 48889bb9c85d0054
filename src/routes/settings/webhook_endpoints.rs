//! Routes of webhook endpoints: the primary one, which Settings → Webhook URL sets, and additional ones.
//!
//! All of them need a signed-in session.

use std::collections::BTreeMap;

use actors::ids::EndpointId;
use actors::{ApiError, EndpointChange, EndpointSelector, EndpointView, TestEventView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::webhook_secret::{SecretRotation, WebhookSecret, secret_response};
use crate::error::Result;
use crate::extract::{Body, Caller, Field, NoBody, OptionalKey, PathId, request_body};
use crate::routes::respond;

request_body! {
    /// Settings of a webhook endpoint. In a `PATCH`, absent fields stay unchanged.
    pub(crate) struct WebhookEndpointSettings {
        // `change` rejects null, and decides whether the URL is required.
        /// URL to which events are sent: a public https address. A new URL re-enables a disabled endpoint.
        #[schema(nullable = false, format = "uri", example = "https://hooks.example.com/partner-api")]
        nullable url: String,
        /// Free text.
        #[schema(max_length = 200)]
        nullable description: String,
        /// Event types to send, from `GET /v1/settings/webhook-events`. Null means all.
        nullable events: Vec<String>,
        /// Maximum number of sends per second. Further sends are delayed, never dropped. Null means no limit.
        #[schema(minimum = 1, maximum = 1000)]
        nullable throttle_per_second: u32,
        /// Up to 10 additional headers for every request, e.g. with a token for your gateway. Their values are stored
        /// encrypted and never shown again.
        #[schema(example = json!({"Authorization": "Bearer …"}))]
        nullable headers: BTreeMap<String, String>,
        /// The order in which events arrive for the first time. `none`: no order, the fastest. `endpoint`: all events
        /// one after the other by `sequence`. `placement`: the events of each placement one after the other. A change
        /// applies to later events.
        #[schema(pattern = "^(none|endpoint|placement)$", default = "none")]
        optional order: String,
        /// For ordered endpoints: what happens when a delivery that others wait for has no attempts left. `pause`
        /// pauses the endpoint; `skip` continues with the next delivery.
        #[schema(pattern = "^(pause|skip)$", default = "pause")]
        optional on_exhausted: String,
        /// Whether the endpoint is paused. Events of a paused endpoint wait. False also re-enables a disabled endpoint.
        #[schema(default = false)]
        optional paused: bool,
    }
}

impl Body<WebhookEndpointSettings> {
    /// Converts the body to a change. Reports every field with a wrong type or length.
    fn change(self, needs_url: bool) -> Result<EndpointChange, ApiError> {
        let url_is_missing = needs_url && !self.0.url.is_present();
        let (body, mut errors) = self.read();
        let url = match body.url {
            None if url_is_missing => errors.required("url", Field::Absent),
            Some(None) => errors.required("url", Field::Null),
            url => url.flatten(),
        };
        let description = body.description;
        let description = description.map(|text| errors.line("description", text, 200));
        errors.finish(|| {
            Some(EndpointChange {
                url,
                description,
                events: body.events,
                throttle_per_second: body.throttle_per_second,
                headers: body.headers,
                order: body.order,
                on_exhausted: body.on_exhausted,
                paused: body.paused,
            })
        })
    }
}

/// All webhook endpoints of the creditor.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookEndpoints {
    /// At most ten endpoints: first the primary one, then the others, oldest first.
    items: Vec<EndpointView>,
}

/// List webhook endpoints
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints", tag = "Webhooks",
    responses((status = 200, description = "All endpoints", body = WebhookEndpoints))
)]
pub(crate) async fn list(caller: Caller) -> Result<Json<WebhookEndpoints>> {
    let items = caller.webhook_endpoints().await?;
    Ok(Json(WebhookEndpoints { items }))
}

/// Add a webhook endpoint
///
/// The endpoint gets its own signing secret; read it with `GET /v1/settings/webhook-endpoints/{id}/secret`. A creditor
/// can have at most ten endpoints.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints", tag = "Webhooks", params(OptionalKey), request_body = WebhookEndpointSettings,
    responses(
        (status = 201, description = "The endpoint", body = EndpointView),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn create(
    caller: Caller,
    key: OptionalKey,
    body: Body<WebhookEndpointSettings>,
) -> Result<Response> {
    let change = body.change(true)?;
    let endpoint = caller.create_webhook_endpoint(change, key.key);
    Ok(respond::replayable(StatusCode::CREATED, endpoint.await?))
}

/// Show a webhook endpoint
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 200, description = "The endpoint", body = EndpointView))
)]
pub(crate) async fn show(caller: Caller, id: PathId<EndpointId>) -> Result<Json<EndpointView>> {
    Ok(Json(caller.webhook_endpoint(id.0).await?))
}

/// Change a webhook endpoint
///
/// Absent fields stay unchanged. With `paused: true` events wait; with `paused: false` they are sent. `paused: false`
/// also re-enables an endpoint that was disabled because its server responded with 410.
#[utoipa::path(
    patch, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks", request_body = WebhookEndpointSettings,
    responses(
        (status = 200, description = "The endpoint after the change", body = EndpointView),
        (status = 422, description = "`validation_failed`, or `unsafe_webhook_url`"),
    )
)]
pub(crate) async fn update(
    caller: Caller,
    id: PathId<EndpointId>,
    body: Body<WebhookEndpointSettings>,
) -> Result<Json<EndpointView>> {
    let change = body.change(false)?;
    let endpoint = caller.update_webhook_endpoint(id.0, change);
    Ok(Json(endpoint.await?))
}

/// Remove a webhook endpoint
///
/// Pending deliveries to the endpoint are cancelled. Its delivery log is kept.
#[utoipa::path(
    delete, path = "/v1/settings/webhook-endpoints/{id}", tag = "Webhooks",
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(caller: Caller, id: PathId<EndpointId>) -> Result<StatusCode> {
    caller.remove_webhook_endpoint(id.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test event to an endpoint
///
/// Works like `POST /v1/settings/webhook-deliveries/test`, but for one endpoint. You can also test a paused endpoint.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints/{id}/test", tag = "Webhooks", params(OptionalKey),
    responses(
        (status = 200, description = "The response of the receiver", body = TestEventView),
        (status = 409, description = "`endpoint_disabled`"),
    )
)]
pub(crate) async fn test(
    caller: Caller,
    id: PathId<EndpointId>,
    key: OptionalKey,
    _body: NoBody,
) -> Result<Response> {
    let tested = caller.send_test_webhook(Some(id.0), key.key).await?;
    Ok(respond::replayable(StatusCode::OK, tested))
}

/// Show the signing secret of an endpoint
///
/// Returns the newest secret.
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints/{id}/secret", tag = "Webhooks",
    responses((status = 200, description = "The secret", body = WebhookSecret))
)]
pub(crate) async fn secret(caller: Caller, id: PathId<EndpointId>) -> Result<Response> {
    let view = caller.webhook_secret(EndpointSelector::One(id.0));
    Ok(secret_response(StatusCode::OK, view.await?))
}

/// Rotate the signing secret of an endpoint
///
/// Works like `POST /v1/settings/webhook-secret/rotate`, but for one endpoint.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints/{id}/secret/rotate", tag = "Webhooks", request_body = SecretRotation,
    responses(
        (status = 201, description = "The new secret", body = WebhookSecret),
        (status = 409, description = "`rotation_in_progress`: five secrets sign already; wait, or rotate with an overlap of 0"),
    )
)]
pub(crate) async fn rotate_secret(
    caller: Caller,
    id: PathId<EndpointId>,
    body: Body<SecretRotation>,
) -> Result<Response> {
    let hours = body.overlap_hours()?;
    let view = caller.rotate_webhook_secret(EndpointSelector::One(id.0), hours);
    Ok(secret_response(StatusCode::CREATED, view.await?))
}
