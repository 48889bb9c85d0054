//! `POST /v1/agreements/current/accept`: accepts the agreement.

use actors::{AcceptAgreement, AgreementView, PartnerApi};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Caller, Field, FieldErrors, Unknown};

/// The acceptance of one version of the agreement.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = AcceptAgreement)]
pub(crate) struct Request {
    /// Name of the person who signs.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 200)]
    signatory_name: Field<String>,
    /// The version that the person has read, as returned by `GET /v1/agreements/current`.
    #[serde(default)]
    #[schema(value_type = String, required)]
    version: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

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
    let signatory_name = errors.required("signatory_name", body.signatory_name);
    let signatory_name = errors.text("signatory_name", signatory_name, 200);
    let version = errors.required("version", body.version);
    errors.unknown(&body.unknown);
    let request = errors.finish(|| {
        Some(AcceptAgreement {
            signatory_name: signatory_name?,
            version: version?,
        })
    })?;
    Ok(Json(api.accept_agreement(&caller.0, request).await?))
}
