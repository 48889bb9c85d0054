//! `POST /v1/sessions`: signs a person in.

use actors::{CreditorView, SignIn};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app_state::AppState;
use crate::error::PartnerError;
use crate::extract::{Body, Client, FieldErrors, request_body};
use crate::routes::respond;
use crate::session_cookie;

/// The maximum length of an e-mail address (RFC 5321, section 4.5.3.1).
const EMAIL_MAX: usize = 254;

request_body! {
    /// The credentials from the sign-up.
    #[schema(as = SignIn)]
    pub(crate) struct Request => Values {
        /// E-mail address.
        #[schema(format = "email")]
        required email: String,
        /// Password.
        #[schema(format = "password")]
        required password: SecretString => String,
    }
}

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
    let body = body.read(&mut errors);
    let email = errors.text("email", body.email, EMAIL_MAX);
    let sign_in = errors.finish(|| {
        Some(SignIn {
            email: email?,
            password: body.password?,
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
