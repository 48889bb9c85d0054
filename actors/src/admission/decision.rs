//! The result of admission: an admitted key or a rejection.

use entities::ids::CreditorId;

use super::permit::Permit;
use crate::contract::{ApiError, LimitReport};
use crate::domain::api_key::KeyPrefix;

/// The result of an [`AdmissionRequest`](super::request::AdmissionRequest).
pub(crate) type AdmissionResult = Result<AdmittedKey, Rejection>;

/// An admitted request.
#[derive(Debug)]
pub(crate) struct AdmittedKey {
    pub(crate) creditor: CreditorId,
    /// Public half of the key, for the audit log.
    pub(crate) prefix: KeyPrefix,
    pub(crate) limits: LimitReport,
    pub(crate) permit: Permit,
    /// When the key expires, epoch ms; `None` unless it is retiring.
    pub(crate) expires_ms: Option<i64>,
}

/// A rejected request.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) error: ApiError,
    /// State of both limits; `Some` only if the key was genuine and had not ended.
    pub(crate) limits: Option<LimitReport>,
    /// When the key expires, epoch ms; `None` unless it is retiring.
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
