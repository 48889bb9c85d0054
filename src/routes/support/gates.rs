//! Support routes of the onboarding gates.

use actors::SupportCreditor;
use actors::domain::gates::Gate;
use actors::ids::CreditorId;
use axum::Json;
use axum::extract::RawPathParams;

use crate::error::{PartnerError, Result};
use crate::extract::{Body, PathId, Support, request_body};

request_body! {
    /// The new state of a gate.
    pub(crate) struct SetGate {
        /// Whether the gate has passed.
        required passed: bool,
        /// Reason for the audit log.
        #[schema(max_length = 500)]
        required reason: String,
    }
}

/// Set an onboarding gate
///
/// Overrides every provider event received so far. If this is the last gate to pass, the API key is issued. The change
/// is recorded in the audit log.
#[utoipa::path(
    post, path = "/support/v1/creditors/{id}/gates/{gate}", tag = "Support", request_body = SetGate,
    responses((status = 200, description = "The creditor after the change", body = SupportCreditor))
)]
pub(crate) async fn set(
    support: Support,
    id: PathId<CreditorId>,
    params: RawPathParams,
    body: Body<SetGate>,
) -> Result<Json<SupportCreditor>> {
    let named = params
        .iter()
        .find(|(name, _)| *name == "gate")
        .and_then(|(_, gate)| Gate::parse(gate));
    let gate = named.ok_or_else(|| {
        PartnerError::not_found("gate: use kyb_verified, payouts_enabled or msa_on_file")
    })?;
    let (body, mut errors) = body.read();
    let reason = super::reason(&mut errors, body.reason);
    let (passed, reason) = errors.finish(|| body.passed.zip(reason))?;
    Ok(Json(support.set_gate(id.0, gate, passed, reason).await?))
}
