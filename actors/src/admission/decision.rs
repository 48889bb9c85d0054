//! What admission decides, as the front is told.

use entities::ids::CreditorId;

use super::permit::Permit;
use crate::contract::{ApiError, LimitReport};
use crate::domain::api_key::KeyPrefix;

/// The answer to a request that asks to be let in.
pub(crate) type AdmissionResult = Result<AdmittedKey, Rejection>;

/// A request that may go on.
#[derive(Debug)]
pub(crate) struct AdmittedKey {
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
pub(crate) struct Rejection {
    pub(crate) error: ApiError,
    /// Present where the key was genuine.
    pub(crate) limits: Option<LimitReport>,
    /// When a retiring key stops.
    pub(crate) expires_ms: Option<i64>,
}

impl From<ApiError> for Rejection {
    fn from(error: ApiError) -> Self {
        Self {
            error,
            limits: None,
            expires_ms: None,
        }
    }
}
