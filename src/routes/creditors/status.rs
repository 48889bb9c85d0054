//! `GET /v1/creditors/me/status`: shows the progress of onboarding.

use actors::{OnboardingStatus, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Onboarding status
///
/// Shows the three gates, which of them are pending, and whether the API key has been issued and revealed.
#[utoipa::path(
    get, path = "/v1/creditors/me/status", tag = "Onboarding",
    responses((status = 200, description = "The gates and the state of the API key", body = OnboardingStatus))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<OnboardingStatus>, PartnerError> {
    Ok(Json(api.onboarding_status(&caller.0).await?))
}
