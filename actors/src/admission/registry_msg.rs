//! What the Registry is told.

use std::sync::Arc;

use entities::DbErr;
use entities::ids::CreditorId;
use ractor::RpcReplyPort;

use super::tenant_entry::TenantEntry;
use crate::contract::ApiError;
use crate::domain::api_key::KeyPrefix;

/// A tenant whose actor runs.
pub(super) type Found = Result<Arc<TenantEntry>, ApiError>;

/// Why a prefix was not looked up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error("the database did not answer in time")]
    TooSlow,
    #[error("the task died")]
    Died,
}

/// Messages of the Registry.
#[derive(Debug)]
pub(crate) enum RegistryMsg {
    /// Which tenant is behind this prefix? Its actor runs when this is answered.
    Resolve {
        prefix: KeyPrefix,
        reply: RpcReplyPort<Found>,
    },
    /// A prefix was looked up.
    LookedUp {
        prefix: KeyPrefix,
        owner: Result<Option<CreditorId>, LookupError>,
    },
    /// A tenant's actor is not there: start it.
    Respawn {
        entry: Arc<TenantEntry>,
        reply: RpcReplyPort<Found>,
    },
    /// Let the idle go. Sent to itself.
    Sweep,
    #[cfg(feature = "fault-injection")]
    Panic,
}
