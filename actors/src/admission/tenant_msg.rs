//! What a tenant's actor is told.

use entities::ids::KeyId;
use ractor::RpcReplyPort;

use super::decision::AdmissionResult;
use super::request::AdmissionRequest;
use super::tenant_snapshot::TenantSnapshot;
use super::verified_secrets::{HashDigest, Mac};
use crate::contract::ApiError;

/// Which secret a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SecretCheck {
    pub(super) key: KeyId,
    pub(super) hash: HashDigest,
    pub(super) mac: Mac,
}

/// Messages of a tenant's actor.
#[derive(Debug)]
pub(crate) enum TenantMsg {
    /// May this request go on?
    Admit {
        request: Box<AdmissionRequest>,
        reply: RpcReplyPort<AdmissionResult>,
    },
    /// TenantSnapshot state was read, or could not be.
    Loaded {
        number: u64,
        live: Option<Box<TenantSnapshot>>,
    },
    /// bcrypt has spoken.
    Verified {
        check: SecretCheck,
        verdict: Result<bool, ApiError>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}
