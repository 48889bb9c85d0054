//! What admission decides, as the front is told.

use entities::ids::CreditorId;

use super::tenant_entry::Permit;
use crate::contract::ApiError;
use crate::domain::api_key::KeyPrefix;

/// One limit as the `RateLimit` headers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitState {
    /// Requests of a full bucket (`q`).
    pub quota: u32,
    /// Seconds in which an empty bucket fills (`w`).
    pub window_s: u64,
    /// Requests left now (`r`).
    pub remaining: u32,
    /// Seconds until the bucket is full (`t`).
    pub reset_s: u64,
}

/// Both limits, from the very decision that admitted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReport {
    /// The key's limit.
    pub key: LimitState,
    /// The creditor's limit.
    pub tenant: LimitState,
}

/// The answer to a request that asks to be let in.
pub(crate) type Verdict = Result<Admission, Refusal>;

/// A request that may go on.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) creditor: CreditorId,
    /// Public half of the key, for the audit log.
    pub(crate) prefix: KeyPrefix,
    pub(crate) limits: LimitReport,
    pub(crate) permit: Permit,
    /// When a retiring key stops.
    pub(crate) expires_ms: Option<i64>,
}

/// A request that may not.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: ApiError,
    /// Present where the key was genuine.
    pub(crate) limits: Option<LimitReport>,
    /// When a retiring key stops.
    pub(crate) expires_ms: Option<i64>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self {
            error,
            limits: None,
            expires_ms: None,
        }
    }
}
