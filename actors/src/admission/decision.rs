//! The result of admission: an admitted key or a rejection.

use entities::DbErr;
use entities::ids::CreditorId;

use super::permit::Permit;
use crate::contract::{ApiError, LimitReport};
use crate::domain::api_key::KeyPrefix;
use crate::domain::date::rfc3339_ms;

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
pub struct Rejection {
    /// The error for the client.
    pub error: ApiError,
    /// State of both limits; `Some` only if the caller was authenticated.
    pub limits: Option<LimitReport>,
    /// When the key expires, epoch ms; `None` unless it is retiring.
    pub(crate) expires_ms: Option<i64>,
}

impl Rejection {
    /// When the key expires, RFC 3339; `None` unless it is retiring.
    #[must_use]
    pub fn expires_at(&self) -> Option<String> {
        self.expires_ms.map(rfc3339_ms)
    }
}

impl From<DbErr> for Rejection {
    #[track_caller]
    fn from(error: DbErr) -> Self {
        ApiError::from(error).into()
    }
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
