//! Routes of the Master Services Agreement.

use actors::{AcceptAgreement, AgreementView};
use axum::Json;

use crate::error::Result;
use crate::extract::{Body, Caller, request_body};

/// Current agreement
///
/// Returns the version and the text of the Master Services Agreement, and whether this creditor has accepted it.
#[utoipa::path(
    get, path = "/v1/agreements/current", tag = "Onboarding",
    responses((status = 200, description = "The agreement", body = AgreementView))
)]
pub(crate) async fn show(caller: Caller) -> Result<Json<AgreementView>> {
    Ok(Json(caller.agreement().await?))
}

request_body! {
    /// The acceptance of one version of the agreement.
    #[schema(as = AcceptAgreement)]
    pub(crate) struct Request {
        /// Name of the person who signs.
        #[schema(min_length = 1, max_length = 200)]
        required signatory_name: String,
        /// The version that the person has read, as returned by `GET /v1/agreements/current`.
        required version: String,
    }
}

/// Accept the agreement
///
/// Sets the gate `msa_on_file`. Needs a signed-in session or the onboarding token; an API key is rejected.
#[utoipa::path(
    post, path = "/v1/agreements/current/accept", tag = "Onboarding", request_body = Request,
    responses((status = 200, description = "Accepted", body = AgreementView))
)]
pub(crate) async fn accept(caller: Caller, body: Body<Request>) -> Result<Json<AgreementView>> {
    let (body, mut errors) = body.read();
    let signatory_name = errors.line("signatory_name", body.signatory_name, 200);
    let request = errors.finish(|| {
        Some(AcceptAgreement {
            signatory_name: signatory_name?,
            version: body.version?,
        })
    })?;
    Ok(Json(caller.accept_agreement(request).await?))
}
