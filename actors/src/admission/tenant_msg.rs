//! What a tenant's actor is told.

use entities::ids::KeyId;
use ractor::RpcReplyPort;

use super::decision::Verdict;
use super::request::Knock;
use super::tenant_snapshot::Live;
use super::verified_secrets::{HashDigest, Mac};
use crate::contract::ApiError;

/// Which secret a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Check {
    pub(super) key: KeyId,
    pub(super) hash: HashDigest,
    pub(super) mac: Mac,
}

/// Messages of a tenant's actor.
#[derive(Debug)]
pub(crate) enum TenantMsg {
    /// May this request go on?
    Admit {
        knock: Box<Knock>,
        reply: RpcReplyPort<Verdict>,
    },
    /// Live state was read, or could not be.
    Loaded {
        number: u64,
        live: Option<Box<Live>>,
    },
    /// bcrypt has spoken.
    Verified {
        check: Check,
        verdict: Result<bool, ApiError>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}
