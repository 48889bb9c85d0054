//! Authentication and authorization: one guard per route, built from the [`Access`] that the route declares.
//!
//! Stores the caller in the extensions of the request for [`crate::extract::Caller`]. Writes the rate limit headers of
//! the same decision to the response. Holds the caller's concurrency permit until the response body has ended. Never
//! checks a key itself: admission does that.

use actors::{ApiError, PartnerApi, Permit, Refused};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use secrecy::{ExposeSecret as _, SecretString};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{HttpError, PartnerError};
use crate::extract::client_address;
use crate::extract::credentials::{Credentials, PresentedSession};
use crate::extract::json::BodyLimit;
use crate::router::access::{Access, CreditorAccess};
use crate::session_cookie;

mod limits;

/// The state of a guard: the API that authenticates callers, and the requirements of the route.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) api: PartnerApi,
    pub(crate) access: Access,
    pub(crate) body_limit: BodyLimit,
}

/// Runs the handler if the caller is authorized, otherwise responds with the error.
pub(crate) async fn check(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(guard.body_limit);
    match guard.access {
        Access::Anyone => next.run(request).await,
        Access::Support => support(&guard.api, request, next).await,
        Access::Creditor(access) => match Credentials::from_headers(request.headers()) {
            Credentials::ApiKey(key) => with_key(&guard.api, access, &key, request, next).await,
            Credentials::Session { token, by_cookie } => {
                with_session(&guard.api, access, token, by_cookie, request, next).await
            }
            Credentials::Onboarding(token) => {
                with_onboarding(&guard.api, access, token, request, next).await
            }
            Credentials::NoCredential if access.key => {
                PartnerError::from(ApiError::MissingApiKey).into_response()
            }
            Credentials::NoCredential => {
                PartnerError::from(ApiError::InvalidSession).into_response()
            }
        },
    }
}

async fn with_key(
    api: &PartnerApi,
    access: CreditorAccess,
    key: &SecretString,
    mut request: Request,
    next: Next,
) -> Response {
    let admitted = match api
        .admit(key.expose_secret(), client_address(&request), access.needs)
        .await
    {
        Ok(admitted) => admitted,
        Err(refused) => return refusal_response(refused),
    };
    let mut response = if access.key {
        request.extensions_mut().insert(admitted.tenant);
        next.run(request).await
    } else {
        PartnerError::from(ApiError::DashboardSessionRequired).into_response()
    };
    limits::write(response.headers_mut(), &admitted.limits);
    limits::write_expiry(response.headers_mut(), admitted.expires_at.as_deref());
    hold(response, admitted.permit)
}

async fn with_session(
    api: &PartnerApi,
    access: CreditorAccess,
    token: SecretString,
    by_cookie: bool,
    mut request: Request,
    next: Next,
) -> Response {
    let (client, cost) = (client_address(&request), access.needs.cost);
    let admitted = api.authenticate_session(&token, by_cookie, client, cost);
    let caller = match admitted.await {
        Ok(caller) => caller,
        Err(refused) => return refusal_response(refused),
    };
    request.extensions_mut().insert(caller.tenant);
    request.extensions_mut().insert(PresentedSession(token));
    let mut response = next.run(request).await;
    limits::write(response.headers_mut(), &caller.limits);
    let renewed = caller.renewed.as_ref();
    let cookie = renewed.and_then(|token| session_cookie::set(token.expose_secret()));
    if let Some(cookie) = cookie {
        // A handler that signs out has already set the cookie.
        let cookies = response.headers_mut().entry(header::SET_COOKIE);
        cookies.or_insert(cookie);
    }
    hold(response, caller.permit)
}

async fn with_onboarding(
    api: &PartnerApi,
    access: CreditorAccess,
    token: SecretString,
    mut request: Request,
    next: Next,
) -> Response {
    let (client, cost) = (client_address(&request), access.needs.cost);
    let caller = match api.authenticate_onboarding(&token, client, cost).await {
        Ok(caller) => caller,
        Err(refused) => return refusal_response(refused),
    };
    let mut response = if access.onboarding {
        request.extensions_mut().insert(caller.tenant);
        next.run(request).await
    } else if access.key {
        PartnerError::from(HttpError::OnboardingTokenRefused).into_response()
    } else {
        PartnerError::from(HttpError::SessionRequired).into_response()
    };
    limits::write(response.headers_mut(), &caller.limits);
    hold(response, caller.permit)
}

/// The response to a refused request. For a known caller it has the rate limit headers.
fn refusal_response(refused: Refused) -> Response {
    let expires_at = refused.expires_at();
    let mut response = PartnerError::from(refused.error).into_response();
    if let Some(report) = refused.limits {
        limits::write(response.headers_mut(), &report);
    }
    limits::write_expiry(response.headers_mut(), expires_at.as_deref());
    response
}

async fn support(api: &PartnerApi, mut request: Request, next: Next) -> Response {
    let token = Credentials::bearer(request.headers()).map(SecretString::from);
    let client = client_address(&request);
    let actor = token
        .ok_or(ApiError::InvalidSupportToken)
        .and_then(|token| api.authenticate_support(&token, client));
    match actor {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(error) => PartnerError::from(error).into_response(),
    }
}

/// Holds the concurrency permit until the response body has ended.
fn hold(response: Response, permit: Permit) -> Response {
    response.map(|body| {
        Body::new(PermitBody {
            body,
            _permit: permit,
        })
    })
}

/// A response body that holds the caller's permit. The request ends when its body ends or is dropped.
struct PermitBody<P> {
    body: Body,
    _permit: P,
}

impl<P: Unpin> HttpBody for PermitBody<P> {
    type Data = <Body as HttpBody>::Data;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn permit_is_held_until_the_body_is_dropped() {
        for reads in [0, 1, 3] {
            let (permit, chunks) = (Arc::new(()), ["first", "last"].map(Ok::<_, axum::Error>));
            let held = PermitBody {
                body: Body::from_stream(futures::stream::iter(chunks)),
                _permit: Arc::clone(&permit),
            };
            let mut body = Body::new(held);
            for _ in 0..reads {
                let _ = body.frame().await;
                assert_eq!(Arc::strong_count(&permit), 2);
            }
            drop(body);
            assert_eq!(Arc::strong_count(&permit), 1);
        }
    }
}
