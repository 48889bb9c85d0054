//! Routes of dashboard sessions: sign in, sign out, sign out everywhere.

use actors::{CreditorView, PartnerApi, SignIn};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Result;
use crate::extract::{Body, Caller, Client, CurrentSession, request_body};
use crate::routes::respond;
use crate::session_cookie;

/// The maximum length of an e-mail address (RFC 5321, section 4.5.3.1).
const EMAIL_MAX: usize = 254;

request_body! {
    /// The credentials from the sign-up.
    #[schema(as = SignIn)]
    pub(crate) struct Request {
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
        (status = 201, description = "Signed in", body = Answer, headers(("Set-Cookie" = String, description = "`mc_session`, HttpOnly, SameSite=Lax; in production also Secure"))),
        (status = 401, description = "`invalid_credentials`: the same for an unknown e-mail address and for a wrong password"),
        (status = 429, description = "`too_many_attempts`"),
    )
)]
pub(crate) async fn create(
    api: PartnerApi,
    client: Client,
    body: Body<Request>,
) -> Result<Response> {
    let (body, mut errors) = body.read();
    let email = errors.identifier("email", body.email, EMAIL_MAX);
    let sign_in = errors.finish(|| {
        Some(SignIn {
            email: email?,
            password: body.password?,
            client: client.0,
        })
    })?;
    let signed_in = api.sign_in(sign_in).await?;
    let token = signed_in.session_token.expose_secret();
    let cookie =
        session_cookie::set(token, api.mode()).map(|cookie| [(header::SET_COOKIE, cookie)]);
    let answer = Answer {
        session_token: token.to_owned(),
        expires_at: signed_in.expires_at,
        creditor: signed_in.creditor,
    };
    Ok((cookie, respond::secret(StatusCode::CREATED, answer)).into_response())
}

/// Sign out
///
/// Ends the session that makes this call.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "Sessions",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn delete_current(caller: Caller, session: CurrentSession) -> Result<Response> {
    sign_out(caller, session, false).await
}

/// Sign out everywhere
///
/// Ends every session of the creditor.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "Sessions",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn delete_all(caller: Caller, session: CurrentSession) -> Result<Response> {
    sign_out(caller, session, true).await
}

async fn sign_out(caller: Caller, session: CurrentSession, everywhere: bool) -> Result<Response> {
    caller.sign_out(&session.0, everywhere).await?;
    let cookie = session_cookie::clear().map(|cookie| [(header::SET_COOKIE, cookie)]);
    Ok((cookie, StatusCode::NO_CONTENT).into_response())
}
