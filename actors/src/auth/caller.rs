//! Authenticated callers.
//!
//! Only the auth module constructs an [`AuthenticatedTenant`], so no other code can act for a creditor
//! without authentication.

use entities::ids::CreditorId;
use secrecy::SecretString;

use crate::admission::Permit;
use crate::contract::{ApiError, LimitReport};

/// How a caller was authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// An API key.
    ApiKey,
    /// A dashboard session.
    Session,
    /// An onboarding token of the sign-up wizard.
    OnboardingToken,
}

/// An authenticated caller that acts for one creditor.
#[derive(Debug, Clone)]
pub struct AuthenticatedTenant {
    creditor: CreditorId,
    method: AuthMethod,
    actor: String,
}

impl AuthenticatedTenant {
    pub(super) fn new(creditor: CreditorId, method: AuthMethod, actor: String) -> Self {
        Self {
            creditor,
            method,
            actor,
        }
    }

    /// Returns how the caller was authenticated.
    #[must_use]
    pub fn method(&self) -> AuthMethod {
        self.method
    }

    /// The creditor for whom the caller acts.
    #[must_use]
    pub fn creditor(&self) -> CreditorId {
        self.creditor
    }

    /// The name that the audit log shows for this caller.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Allows only dashboard sessions.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`].
    pub(crate) fn require_session(&self) -> Result<(), ApiError> {
        match self.method {
            AuthMethod::Session => Ok(()),
            AuthMethod::ApiKey | AuthMethod::OnboardingToken => {
                Err(ApiError::DashboardSessionRequired)
            }
        }
    }

    /// Refuses API keys, so that a leaked key cannot extend its own access.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`].
    pub(crate) fn refuse_api_key(&self) -> Result<(), ApiError> {
        match self.method {
            AuthMethod::Session | AuthMethod::OnboardingToken => Ok(()),
            AuthMethod::ApiKey => Err(ApiError::DashboardSessionRequired),
        }
    }
}

/// An admitted request with a dashboard session or an onboarding token.
#[derive(Debug)]
pub struct SignedInCaller {
    /// The authenticated caller.
    pub tenant: AuthenticatedTenant,
    /// A new token that the client must use from now on; `None` if the token was not exchanged.
    pub renewed: Option<SecretString>,
    /// The session limit in the `key` field, and the tenant limit, of which sessions take nothing.
    pub limits: LimitReport,
    /// Permit for one of the creditor's concurrent session requests. Hold it until the response body
    /// has ended.
    pub permit: Permit,
}

/// An admitted request with an API key.
#[derive(Debug)]
pub struct Admitted {
    /// The authenticated caller.
    pub tenant: AuthenticatedTenant,
    /// State of both limits after this request.
    pub limits: LimitReport,
    /// Permit for one of the creditor's concurrent key requests. Hold it until the response body has
    /// ended.
    pub permit: Permit,
    /// When the key expires, RFC 3339; `None` unless it is retiring.
    pub expires_at: Option<String>,
}

#[cfg(feature = "fault-injection")]
impl AuthenticatedTenant {
    /// Returns a caller that was not authenticated, as the baseline for benchmarks of admission.
    #[must_use]
    pub fn unauthenticated(creditor: CreditorId) -> Self {
        Self::new(creditor, AuthMethod::ApiKey, "nobody".to_owned())
    }
}
