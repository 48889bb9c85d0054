//! `GET /v1/agreements/current`: shows the current agreement.

use actors::{AgreementView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::Caller;

/// Current agreement
///
/// Returns the version and the text of the Master Services Agreement, and whether this creditor has accepted it.
#[utoipa::path(
    get, path = "/v1/agreements/current", tag = "Onboarding",
    responses((status = 200, description = "The agreement", body = AgreementView))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
) -> Result<Json<AgreementView>, PartnerError> {
    Ok(Json(api.agreement(&caller.0).await?))
}
