//! Messages of the Registry.

use std::sync::Arc;

use entities::ids::CreditorId;
use ractor::RpcReplyPort;

use super::tenant_entry::TenantEntry;
use crate::contract::ApiError;
use crate::domain::api_key::KeyPrefix;

/// The entry of a tenant whose actor runs, or the error for the caller.
pub(super) type ResolveResult = Result<Arc<TenantEntry>, ApiError>;

/// A message to the Registry.
#[derive(Debug)]
pub(crate) enum RegistryMsg {
    /// Find the tenant that owns this prefix. Its actor runs when the reply is sent.
    Resolve {
        prefix: KeyPrefix,
        reply: RpcReplyPort<ResolveResult>,
    },
    /// A lookup has ended. `owner` is the error for the callers if it failed, or if no key has this prefix.
    LookupCompleted {
        prefix: KeyPrefix,
        owner: Result<CreditorId, ApiError>,
    },
    /// Start the tenant actor of this entry unless it runs.
    Respawn {
        entry: Arc<TenantEntry>,
        reply: RpcReplyPort<ResolveResult>,
    },
    /// Evict idle tenants. The Registry sends this to itself.
    EvictIdle,
}
