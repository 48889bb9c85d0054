//! What a key with a verified secret may do: whether it has ended, from which networks it works,
//! and whether its scope covers the request.

use entities::api_key::{KeyEndReason, KeyScope, KeyState};

use super::request::AdmissionRequest;
use super::tenant_snapshot::KeySnapshot;
use crate::contract::ApiError;

/// # Errors
///
/// `ExpiredApiKey` or `RevokedApiKey` if the key has ended at `now_ms`.
pub(super) fn require_active(key: &KeySnapshot, now_ms: i64) -> Result<(), ApiError> {
    match (key.state, key.ended_reason) {
        (KeyState::Ended, Some(KeyEndReason::Expired)) => Err(ApiError::ExpiredApiKey),
        (KeyState::Ended, _) => Err(ApiError::RevokedApiKey),
        _ if key.expires_ms.is_some_and(|end| now_ms >= end) => Err(ApiError::ExpiredApiKey),
        _ => Ok(()),
    }
}

/// # Errors
///
/// `AddressNotAllowed` outside the networks of the key, `InsufficientScope` for a change with a
/// read-only key.
pub(super) fn require_allowed(
    key: &KeySnapshot,
    request: &AdmissionRequest,
) -> Result<(), ApiError> {
    if !key.networks.allow(request.client) {
        let address = request.client;
        return Err(ApiError::AddressNotAllowed { address });
    }
    if request.needs.writes && key.scope == KeyScope::Read {
        return Err(ApiError::InsufficientScope);
    }
    Ok(())
}
