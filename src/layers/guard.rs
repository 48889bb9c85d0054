//! Authentication and authorization: one guard per route, built from the [`Access`] that the route declares.
//!
//! Stores the caller in the extensions of the request for [`crate::extract::Caller`]. Writes the rate limit headers of
//! the same decision to the response. Holds the caller's concurrency permit until the response body has ended. Never
//! checks a key itself: admission does that.

use actors::{ApiError, AuthenticatedTenant, PartnerApi, Rejection};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::request_log::LoggedCaller;
use crate::connections::source_of;
use crate::error::{HttpError, PartnerError};
use crate::extract::body_budget::{BodyBudget, BodyOwner};
use crate::extract::client_address;
use crate::extract::credentials::{Credentials, PresentedSession};
use crate::extract::json::{BodyLimit, BodyMemory};
use crate::router::access::{Access, CreditorAccess};
use crate::session_cookie;

mod limits;

/// The state of a guard: the API that authenticates callers, and the requirements of the route.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) api: PartnerApi,
    pub(crate) access: Access,
    pub(crate) body_limit: BodyLimit,
    pub(crate) bodies: BodyBudget,
}

impl Guard {
    /// Gives the request memory for its body. It is free again when the result and the request are dropped.
    fn lend_memory(&self, request: &mut Request, owner: BodyOwner) -> BodyMemory {
        let memory = BodyMemory::new(self.bodies.reserve(owner));
        request.extensions_mut().insert(memory.clone());
        memory
    }
}

/// Runs the handler if the caller is authorized, otherwise responds with the error.
pub(crate) async fn check(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(guard.body_limit);
    let presented = presented_key(request.headers());
    let answered = match guard.access {
        Access::Anyone => {
            let owner = BodyOwner::Unauthenticated(source_of(client_address(&request)));
            let _memory = guard.lend_memory(&mut request, owner);
            Ok(next.run(request).await)
        }
        Access::Support => support(&guard, request, next).await,
        Access::Creditor(access) => match Credentials::from_headers(request.headers()) {
            Credentials::ApiKey(key) => with_key(&guard, access, &key, request, next).await,
            Credentials::Session { token, by_cookie } => {
                with_session(&guard, access, token, by_cookie, request, next).await
            }
            Credentials::Onboarding(token) => {
                with_onboarding(&guard, access, token, request, next).await
            }
            Credentials::NoCredential if access.key => Err(ApiError::MissingApiKey.into()),
            Credentials::NoCredential => Err(ApiError::InvalidSession.into()),
        },
    };
    let mut response = answered.unwrap_or_else(rejection_response);
    if let Some(actor) = presented.filter(|_| response.extensions().get::<LoggedCaller>().is_none())
    {
        let caller = LoggedCaller {
            creditor: None,
            actor,
        };
        response.extensions_mut().insert(caller);
    }
    response
}

/// The actor of a presented API key, for the log: its prefix, which is no secret.
fn presented_key(headers: &HeaderMap) -> Option<String> {
    let prefix = Credentials::bearer(headers)?
        .strip_prefix("ca_")?
        .split('_')
        .next()?;
    let is_prefix = prefix.len() == 8 && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_prefix.then(|| format!("api_key:{prefix}"))
}

fn logged(tenant: &AuthenticatedTenant) -> LoggedCaller {
    LoggedCaller {
        creditor: Some(tenant.creditor()),
        actor: tenant.actor().to_owned(),
    }
}

async fn with_key(
    guard: &Guard,
    access: CreditorAccess,
    key: &SecretString,
    mut request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let client = client_address(&request);
    let api = &guard.api;
    let admitted = api.admit(key.expose_secret(), client, access.needs).await?;
    let logged = logged(&admitted.tenant);
    let owner = BodyOwner::Creditor(admitted.tenant.creditor());
    let _memory = guard.lend_memory(&mut request, owner);
    let mut response = if access.key {
        let caller = api.for_creditor(admitted.tenant);
        request.extensions_mut().insert(caller);
        next.run(request).await
    } else {
        PartnerError::from(ApiError::DashboardSessionRequired).into_response()
    };
    response.extensions_mut().insert(logged);
    limits::write(response.headers_mut(), &admitted.limits);
    limits::write_expiry(response.headers_mut(), admitted.expires_at.as_deref());
    Ok(hold(response, admitted.permit))
}

async fn with_session(
    guard: &Guard,
    access: CreditorAccess,
    token: SecretString,
    by_cookie: bool,
    mut request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (client, cost) = (client_address(&request), access.needs.cost);
    let api = &guard.api;
    let admitted = api.authenticate_session(&token, by_cookie, client, cost);
    let caller = admitted.await?;
    let logged = logged(&caller.tenant);
    let owner = BodyOwner::Creditor(caller.tenant.creditor());
    let _memory = guard.lend_memory(&mut request, owner);
    let extensions = request.extensions_mut();
    extensions.insert(api.for_creditor(caller.tenant));
    extensions.insert(PresentedSession(token));
    let mut response = next.run(request).await;
    response.extensions_mut().insert(logged);
    limits::write(response.headers_mut(), &caller.limits);
    let renewed = caller.renewed.as_ref();
    let cookie = renewed.and_then(|token| session_cookie::set(token.expose_secret(), api.mode()));
    if let Some(cookie) = cookie {
        // A handler that signs out has already set the cookie.
        let cookies = response.headers_mut().entry(header::SET_COOKIE);
        cookies.or_insert(cookie);
    }
    forbid_storing(&mut response);
    Ok(hold(response, caller.permit))
}

async fn with_onboarding(
    guard: &Guard,
    access: CreditorAccess,
    token: SecretString,
    mut request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let (client, cost) = (client_address(&request), access.needs.cost);
    let api = &guard.api;
    let caller = api.authenticate_onboarding(&token, client, cost).await?;
    let logged = logged(&caller.tenant);
    let owner = BodyOwner::Creditor(caller.tenant.creditor());
    let _memory = guard.lend_memory(&mut request, owner);
    let mut response = if access.onboarding {
        let caller = api.for_creditor(caller.tenant);
        request.extensions_mut().insert(caller);
        next.run(request).await
    } else if access.key {
        PartnerError::from(HttpError::OnboardingTokenRefused).into_response()
    } else {
        PartnerError::from(HttpError::SessionRequired).into_response()
    };
    response.extensions_mut().insert(logged);
    limits::write(response.headers_mut(), &caller.limits);
    forbid_storing(&mut response);
    Ok(hold(response, caller.permit))
}

/// Forbids every cache to store what a person sees. The back button must show nothing after the sign-out.
fn forbid_storing(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

async fn support(guard: &Guard, mut request: Request, next: Next) -> Result<Response, Rejection> {
    let token = Credentials::bearer(request.headers()).map(SecretString::from);
    let token = token.ok_or(ApiError::InvalidSupportToken)?;
    let api = &guard.api;
    let actor = api.authenticate_support(&token, client_address(&request))?;
    request.extensions_mut().insert(api.for_support(actor));
    let _memory = guard.lend_memory(&mut request, BodyOwner::Support);
    let mut response = next.run(request).await;
    forbid_storing(&mut response);
    Ok(response)
}

/// The response to a refused request. For a known caller it has the rate limit headers.
fn rejection_response(rejection: Rejection) -> Response {
    let expires_at = rejection.expires_at();
    let mut response = PartnerError::from(rejection.error).into_response();
    if let Some(report) = rejection.limits {
        limits::write(response.headers_mut(), &report);
    }
    limits::write_expiry(response.headers_mut(), expires_at.as_deref());
    response
}

/// Holds the concurrency permit until the response body has ended or is dropped. The body owns the permit, in a closure
/// that passes its errors on.
fn hold<P: Send + 'static>(response: Response, permit: P) -> Response {
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _held = &permit;
            error
        }))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn permit_is_held_until_the_body_is_dropped() {
        for reads in [0, 1, 3] {
            let (permit, chunks) = (Arc::new(()), ["first", "last"].map(Ok::<_, axum::Error>));
            let response = Response::new(Body::from_stream(futures::stream::iter(chunks)));
            let mut body = hold(response, Arc::clone(&permit)).into_body();
            for _ in 0..reads {
                let _ = body.frame().await;
                assert_eq!(Arc::strong_count(&permit), 2);
            }
            drop(body);
            assert_eq!(Arc::strong_count(&permit), 1);
        }
    }
}
