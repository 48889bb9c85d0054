//! Routes of creditors: sign-up and onboarding.

pub(crate) mod api_key;
pub(crate) mod setup;

use std::net::IpAddr;

use actors::domain::placement::field;
use actors::{CreditorView, OnboardingStatus, PartnerApi, SignUp};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::extract::{Body, Caller, Client, request_body};
use crate::routes::respond;

request_body! {
    /// The company that signs up.
    #[schema(as = SignUp)]
    pub(crate) struct Request {
        /// Name of the company.
        #[schema(min_length = 1, max_length = 200, example = "Acme Supplies Inc.")]
        required company_name: String,
        /// E-mail address for signing in. Case does not matter. Each address can have only one account.
        #[schema(format = "email", example = "dev@acme.example")]
        required email: String,
        /// Password, 12 to 71 bytes long.
        #[schema(format = "password", min_length = 12, max_length = 71)]
        required password: SecretString => String,
    }
}

/// The new account and a token for onboarding.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedUp)]
pub(crate) struct Answer {
    creditor: CreditorView,
    /// Bearer token for the onboarding routes. Works until the API key exists. Shown once.
    onboarding_token: String,
    /// When the token expires.
    expires_at: String,
}

/// Sign up
///
/// Creates an account and starts onboarding. `Idempotency-Key` is ignored.
#[utoipa::path(
    post, path = "/v1/creditors", tag = "Onboarding", request_body = Request,
    responses(
        (status = 201, description = "The account has been created and onboarding has started", body = Answer),
        (status = 409, description = "`email_taken`"),
        (status = 429, description = "`too_many_attempts`: at most 5 sign-ups per hour from one IP address (no limit in the sandbox)"),
    )
)]
pub(crate) async fn create(
    api: PartnerApi,
    Client(client): Client,
    body: Body<Request>,
) -> Result<Response> {
    let signed_up = api.sign_up(read(body, client)?).await?;
    let answer = Answer {
        creditor: signed_up.creditor,
        onboarding_token: signed_up.onboarding_token.expose_secret().to_owned(),
        expires_at: signed_up.expires_at,
    };
    Ok(respond::secret(StatusCode::CREATED, answer))
}

fn read(body: Body<Request>, client: IpAddr) -> Result<SignUp> {
    let (body, mut errors) = body.read();
    let company_name = errors.line("company_name", body.company_name, 200);
    let email = errors.check("email", body.email, |text| {
        field::email(text.trim()).map_err(|_| "must be an e-mail address, e.g. dev@acme.example")
    });
    let password = errors.check("password", body.password, |password| {
        let fits = (12..=71).contains(&password.expose_secret().len());
        fits.then_some(password)
            .ok_or("must be 12 to 71 bytes long")
    });
    Ok(errors.finish(|| {
        Some(SignUp {
            company_name: company_name?,
            email: email?,
            password: password?,
            client,
        })
    })?)
}

/// Onboarding status
///
/// Shows the three gates, which of them are pending, and whether the API key has been issued and revealed.
#[utoipa::path(
    get, path = "/v1/creditors/me/status", tag = "Onboarding",
    responses((status = 200, description = "The gates and the state of the API key", body = OnboardingStatus))
)]
pub(crate) async fn status(caller: Caller) -> Result<Json<OnboardingStatus>> {
    Ok(Json(caller.onboarding_status().await?))
}
