//! `DELETE /v1/sessions/current`: ends the current session.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app_state::AppState;
use crate::error::PartnerError;
use crate::extract::Caller;
use crate::extract::caller::CurrentSession;
use crate::session_cookie;

/// Sign out
///
/// Ends the session that makes this call.
#[utoipa::path(
    delete, path = "/v1/sessions/current", tag = "Sessions",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn handle(
    State(state): State<AppState>,
    caller: Caller,
    session: CurrentSession,
) -> Result<Response, PartnerError> {
    state.api.sign_out(&caller.0, &session.0, false).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = session_cookie::clear() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
