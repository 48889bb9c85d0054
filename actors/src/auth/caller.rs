//! Callers whose creditor is proven, and requests that were refused.
//!
//! Only this folder constructs an [`AuthenticatedTenant`], so nobody can name a creditor that it has not proven to be.

use entities::ids::CreditorId;
use secrecy::SecretString;
use uuid::Uuid;

use crate::admission::{Permit, Rejection};
use crate::contract::{ApiError, LimitReport};
use crate::domain::date::rfc3339_ms;

/// How the caller proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// An API key.
    ApiKey,
    /// A signed-in person.
    Session,
    /// The sign-up wizard.
    OnboardingToken,
}

/// A caller whose creditor is proven.
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

    /// Whose data it may touch.
    #[must_use]
    pub fn creditor_id(&self) -> Uuid {
        self.creditor.0
    }

    /// How it proved that.
    #[must_use]
    pub fn method(&self) -> AuthMethod {
        self.method
    }

    pub(crate) fn creditor(&self) -> CreditorId {
        self.creditor
    }

    /// Its name in the audit log.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// Only a signed-in person may go on.
    pub(crate) fn require_session(&self) -> Result<(), ApiError> {
        match self.method {
            AuthMethod::Session => Ok(()),
            AuthMethod::ApiKey | AuthMethod::OnboardingToken => {
                Err(ApiError::DashboardSessionRequired)
            }
        }
    }

    /// A key may not go on: a leaked one cannot help itself.
    pub(crate) fn refuse_api_key(&self) -> Result<(), ApiError> {
        match self.method {
            AuthMethod::Session | AuthMethod::OnboardingToken => Ok(()),
            AuthMethod::ApiKey => Err(ApiError::DashboardSessionRequired),
        }
    }
}

/// A person's request that was let in.
#[derive(Debug)]
pub struct SignedInCaller {
    /// Who it is.
    pub tenant: AuthenticatedTenant,
    /// The token that takes the place of the one that was sent, once it is used.
    pub renewed: Option<SecretString>,
    /// What sessions_bucket may do, in the key's place, and the creditor's limit, of which they take nothing.
    pub limits: LimitReport,
    /// Its place among the creditor's sessions_bucket: to be kept until the response's body has ended.
    pub permit: Permit,
}

/// A request that was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Who it is.
    pub tenant: AuthenticatedTenant,
    /// Both limits, from the decision that let it in.
    pub limits: LimitReport,
    /// Its place among the creditor's concurrent requests: to be kept until the response's body
    /// has ended.
    pub permit: Permit,
    /// When a retiring key stops.
    pub expires_at: Option<String>,
}

/// A request that was not let in.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: ApiError,
    /// Both limits, where the caller is known.
    pub limits: Option<LimitReport>,
    /// When a retiring key stops.
    pub expires_at: Option<String>,
}

impl From<Rejection> for Refused {
    fn from(refusal: Rejection) -> Self {
        Self {
            error: refusal.error,
            limits: refusal.limits,
            expires_at: refusal.expires_ms.map(rfc3339_ms),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Rejection::from(error).into()
    }
}

#[cfg(feature = "fault-injection")]
impl AuthenticatedTenant {
    /// A caller that has proven nothing: what admission is measured against.
    #[must_use]
    pub fn unproven(creditor: Uuid) -> Self {
        Self::new(
            CreditorId(creditor),
            AuthMethod::ApiKey,
            "nobody".to_owned(),
        )
    }
}
