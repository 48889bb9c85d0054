//! The caller that the guard of the route has authenticated.
//!
//! Reads what [`crate::layers::guard`] stored in the extensions. Never authenticates. A handler that needs a caller on
//! a route that does not require one is a bug and gets 500.

use std::convert::Infallible;
use std::net::IpAddr;
use std::ops::Deref;

use actors::{CreditorApi, SupportApi};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::credentials::PresentedSession;
use crate::error::{HttpError, PartnerError};

/// What the guard has stored.
pub(crate) struct FromGuard<T>(T);

/// The platform for the creditor on whose behalf the request acts.
pub(crate) type Caller = FromGuard<CreditorApi>;

/// The platform for a support person or system.
pub(crate) type Support = FromGuard<SupportApi>;

/// The token of the calling session.
pub(crate) type CurrentSession = FromGuard<PresentedSession>;

/// The client address of the request.
pub(crate) struct Client(pub(crate) IpAddr);

impl<T> Deref for FromGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static, S: Sync> FromRequestParts<S> for FromGuard<T> {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let stored = parts.extensions.get::<T>().cloned().map(Self);
        stored.ok_or_else(|| {
            tracing::error!(
                wanted = std::any::type_name::<T>(),
                "the declared access of the route does not match its handler"
            );
            HttpError::Bug.into()
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(super::address_in(&parts.extensions)))
    }
}
