//! `GET /support/v1/creditors/{id}`: shows one creditor.

use actors::ids::CreditorId;
use actors::{PartnerApi, SupportCreditor};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{PathId, Support};

/// Show a creditor
///
/// Returns the gates with the provider events behind them, the API key, the limits and the webhook.
#[utoipa::path(
    get, path = "/support/v1/creditors/{id}", tag = "Support",
    responses((status = 200, description = "The creditor", body = SupportCreditor))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<CreditorId>,
) -> Result<Json<SupportCreditor>, PartnerError> {
    Ok(Json(api.support_creditor(&support.0, id.0).await?))
}
