//! `GET /v1/settings/webhook-endpoints/{id}/secret`: shows the signing secret of an endpoint.

use actors::ids::EndpointId;
use actors::{EndpointSelector, PartnerApi};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::PartnerError;
use crate::extract::{Caller, PathId};
use crate::routes::settings::webhook_secret::{Answer, answer};

/// Show the signing secret of an endpoint
///
/// Returns the newest secret.
#[utoipa::path(
    get, path = "/v1/settings/webhook-endpoints/{id}/secret", tag = "Webhooks",
    responses((status = 200, description = "The secret", body = Answer))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    id: PathId<EndpointId>,
) -> Result<Response, PartnerError> {
    let view = api.webhook_secret(&caller.0, EndpointSelector::One(id.0));
    Ok(answer(StatusCode::OK, view.await?))
}
