//! Messages of the tenant actor.

use entities::ids::KeyId;
use ractor::RpcReplyPort;

use super::decision::AdmissionResult;
use super::request::AdmissionRequest;
use super::tenant_snapshot::TenantSnapshot;
use super::verified_secrets::{HashDigest, Mac};
use crate::contract::ApiError;

/// Identifies one bcrypt check: a presented secret and the hash to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SecretCheck {
    pub(super) key: KeyId,
    pub(super) hash: HashDigest,
    pub(super) mac: Mac,
}

/// A message to a tenant actor.
#[derive(Debug)]
pub(crate) enum TenantMsg {
    /// Admit or reject this request.
    Admit {
        request: Box<AdmissionRequest>,
        reply: RpcReplyPort<AdmissionResult>,
    },
    /// Load `number` has ended; `live` is `None` if it failed.
    Loaded {
        number: u64,
        live: Option<Box<TenantSnapshot>>,
    },
    /// A bcrypt check has ended; `Ok(true)` is a match.
    Verified {
        check: SecretCheck,
        verdict: Result<bool, ApiError>,
    },
}
