//! `POST /v1/settings/webhook-endpoints/{id}/secret/rotate`: rotates the signing secret of an endpoint.

use actors::ids::EndpointId;
use actors::{EndpointSelector, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, PathId};
use crate::routes::settings::webhook_secret::rotate::Request;
use crate::routes::settings::webhook_secret::{Answer, answer};

/// Rotate the signing secret of an endpoint
///
/// Works like `POST /v1/settings/webhook-secret/rotate`, but for one endpoint.
#[utoipa::path(
    post, path = "/v1/settings/webhook-endpoints/{id}/secret/rotate", tag = "Webhooks", request_body = Request,
    responses(
        (status = 201, description = "The new secret", body = Answer),
        (status = 409, description = "`rotation_in_progress`: five secrets sign already; wait, or rotate with an overlap of 0"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let hours = body.overlap_hours()?;
    let view = api.rotate_webhook_secret(&caller.0, EndpointSelector::One(id.0), hours);
    Ok(answer(StatusCode::CREATED, view.await?))
}
