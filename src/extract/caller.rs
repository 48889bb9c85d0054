//! The caller that the guard of the route has authenticated.
//!
//! Reads what [`crate::layers::guard`] stored in the extensions. Never authenticates. A handler that needs a caller on
//! a route that does not require one is a bug and gets 500.

use std::convert::Infallible;
use std::net::IpAddr;

use actors::{AuthMethod, AuthenticatedTenant, SupportActor};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secrecy::SecretString;

use super::credentials::PresentedSession;
use crate::error::{HttpError, PartnerError};

/// The creditor on whose behalf the request acts.
pub(crate) struct Caller(pub(crate) AuthenticatedTenant);

impl Caller {
    /// Whether the caller is a dashboard session, and not an API key or an onboarding token.
    pub(crate) fn is_session(&self) -> bool {
        self.0.method() == AuthMethod::Session
    }
}

/// A support person or system.
pub(crate) struct Support(pub(crate) SupportActor);

/// The token of the calling session.
pub(crate) struct CurrentSession(pub(crate) SecretString);

/// The client address of the request.
pub(crate) struct Client(pub(crate) IpAddr);

fn from_guard<T: Clone + Send + Sync + 'static>(parts: &Parts) -> Result<T, PartnerError> {
    parts.extensions.get::<T>().cloned().ok_or_else(|| {
        tracing::error!(
            wanted = std::any::type_name::<T>(),
            "the declared access of the route does not match its handler"
        );
        HttpError::Bug.into()
    })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        from_guard(parts).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Support {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        from_guard(parts).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        from_guard::<PresentedSession>(parts).map(|session| Self(session.0))
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(super::address_in(&parts.extensions)))
    }
}
