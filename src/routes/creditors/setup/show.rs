//! `GET /v1/creditors/me/setup`: shows the setup checklist.

use actors::{PartnerApi, SetupView};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Setup checklist
///
/// Lists the steps in order: company details, business verification, payout account and agreement. `next_step` is the
/// first open step.
#[utoipa::path(
    get, path = "/v1/creditors/me/setup", tag = "Onboarding",
    responses((status = 200, description = "The checklist", body = SetupView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<SetupView>, PartnerError> {
    Ok(Json(api.setup(&caller.0).await?))
}
