//! `POST /v1/agreements/current/accept`: accepts the agreement.

use actors::{AcceptAgreement, AgreementView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, FieldErrors, request_body};

request_body! {
    /// The acceptance of one version of the agreement.
    #[schema(as = AcceptAgreement)]
    pub(crate) struct Request => Values {
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
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Json<AgreementView>, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let body = body.read(&mut errors);
    let signatory_name = errors.text("signatory_name", body.signatory_name, 200);
    let request = errors.finish(|| {
        Some(AcceptAgreement {
            signatory_name: signatory_name?,
            version: body.version?,
        })
    })?;
    Ok(Json(api.accept_agreement(&caller.0, request).await?))
}
