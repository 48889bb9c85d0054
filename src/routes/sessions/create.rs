//! `POST /v1/sessions`: signs a person in.

use actors::{CreditorView, SignIn};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app_state::AppState;
use crate::error::PartnerError;
use crate::extract::body_field::Fields;
use crate::extract::{Body, Client, Field, FieldErrors, Unknown};
use crate::routes::respond;
use crate::session_cookie;

/// The maximum length of an e-mail address (RFC 5321, section 4.5.3.1).
const EMAIL_MAX: usize = 254;

/// The credentials from the sign-up.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SignIn)]
pub(crate) struct Request {
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = String, required, format = "email")]
    email: Field<String>,
    /// Password.
    #[serde(default)]
    #[schema(value_type = String, required, format = "password")]
    password: Field<SecretString>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl Fields for Request {}

/// A new session.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct Answer {
    /// Bearer token of the session, the same as in the cookie `mc_session`. Shown once.
    session_token: String,
    /// When the session expires at the latest.
    expires_at: String,
    creditor: CreditorView,
}

/// Sign in
///
/// Starts a dashboard session and sets the session cookie. Attempts are throttled per IP address and per account.
/// `Idempotency-Key` is ignored.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "Sessions", request_body = Request,
    responses(
        (status = 201, description = "Signed in", body = Answer, headers(("Set-Cookie" = String, description = "`mc_session`, Secure, HttpOnly, SameSite=Lax"))),
        (status = 401, description = "`invalid_credentials`: the same for an unknown e-mail address and for a wrong password"),
        (status = 429, description = "`too_many_attempts`"),
    )
)]
pub(crate) async fn handle(
    State(state): State<AppState>,
    client: Client,
    Body(body): Body<Request>,
) -> Result<Response, PartnerError> {
    let mut errors = FieldErrors::of_body();
    let email = errors.required("email", body.email);
    let email = errors.text("email", email, EMAIL_MAX);
    let password = errors.required("password", body.password);
    errors.unknown(&body.unknown);
    let sign_in = errors.finish(|| {
        Some(SignIn {
            email: email?,
            password: password?,
            client: client.0,
        })
    })?;
    let signed_in = state.api.sign_in(sign_in).await?;
    let token = signed_in.session_token.expose_secret();
    let cookie = session_cookie::set(token);
    let answer = Answer {
        session_token: token.to_owned(),
        expires_at: signed_in.expires_at,
        creditor: signed_in.creditor,
    };
    let mut response = respond::secret(StatusCode::CREATED, answer);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
