//! The caller, as the route's guard has established it.
//!
//! Reads what [`crate::layers::guard`] left behind; never authenticates. A handler that asks for a caller on a row that does
//! not demand one is a bug and answers 500.

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
    /// Whether a person is signed in (not a key, not the wizard).
    pub(crate) fn is_session(&self) -> bool {
        self.0.method() == AuthMethod::Session
    }
}

/// A support person or system.
pub(crate) struct Support(pub(crate) SupportActor);

/// The token of the session that is calling.
pub(crate) struct CurrentSession(pub(crate) SecretString);

/// Where the request came from.
pub(crate) struct Client(pub(crate) IpAddr);

fn left_by_guard<T: Clone + Send + Sync + 'static>(parts: &Parts) -> Result<T, PartnerError> {
    parts.extensions.get::<T>().cloned().ok_or_else(|| {
        tracing::error!(
            wanted = std::any::type_name::<T>(),
            "the route's access does not fit its handler"
        );
        HttpError::Bug.into()
    })
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        left_by_guard(parts).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Support {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        left_by_guard(parts).map(Self)
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        left_by_guard::<PresentedSession>(parts).map(|session| Self(session.0))
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(super::address_in(&parts.extensions)))
    }
}
