//! `POST /support/v1/creditors/{id}/gates/{gate}`: sets an onboarding gate.

use actors::domain::gates::Gate;
use actors::ids::CreditorId;
use actors::{PartnerApi, SupportCreditor};
use axum::Json;
use axum::extract::{RawPathParams, State};

use crate::error::PartnerError;
use crate::extract::{Body, FieldErrors, PathId, Support, request_body};

request_body! {
    /// The new state of a gate.
    #[schema(as = SetGate)]
    pub(crate) struct Request => Values {
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
    post, path = "/support/v1/creditors/{id}/gates/{gate}", tag = "Support", request_body = Request,
    responses((status = 200, description = "The creditor after the change", body = SupportCreditor))
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    support: Support,
    id: PathId<CreditorId>,
    params: RawPathParams,
    Body(body): Body<Request>,
) -> Result<Json<SupportCreditor>, PartnerError> {
    let named = params
        .iter()
        .find(|(name, _)| *name == "gate")
        .and_then(|(_, gate)| Gate::parse(gate));
    let gate = named.ok_or_else(|| {
        PartnerError::not_found("gate: use kyb_verified, payouts_enabled or msa_on_file")
    })?;
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let reason = super::super::reason(&mut errors, body.reason);
    let (passed, reason) = errors.finish(|| body.passed.zip(reason))?;
    Ok(Json(
        api.support_set_gate(&support.0, id.0, gate, passed, reason)
            .await?,
    ))
}
