//! The decision on one request whose secret is verified.
//!
//! Checks the status of the key, its networks, its scope, concurrency and both limits, in this
//! order. It never verifies a secret.

use entities::api_key::{KeyEndReason, KeyScope, KeyState};
use entities::ids::CreditorId;

use super::buckets::Buckets;
use super::decision::{AdmissionResult, AdmittedKey, Rejection};
use super::permit::Permit;
use super::request::AdmissionRequest;
use super::tenant_snapshot::KeySnapshot;
use crate::contract::ApiError;
use crate::domain::limits::TenantLimits;

/// Decides whether the key has not ended, allows the request, and has capacity left in concurrency
/// and both limits. Only an admitted request consumes any. `permit(n)` takes one of `n` permits.
pub(super) fn authorize(
    key: &KeySnapshot,
    limits: &TenantLimits,
    buckets: &mut Buckets,
    creditor: CreditorId,
    permit: impl FnOnce(u32) -> Option<Permit>,
    request: &AdmissionRequest,
    now_us: i64,
) -> AdmissionResult {
    require_active(key, now_us / 1_000)?;
    // The secret is verified, so every rejection from here on reports the limits.
    let refused = |buckets: &Buckets, error| Rejection {
        error,
        limits: Some(buckets.report(Some(key.id), limits, now_us)),
        expires_ms: key.expires_ms,
    };
    if !key.networks.allow(request.client) {
        let address = request.client;
        return Err(refused(buckets, ApiError::AddressNotAllowed { address }));
    }
    if request.needs.writes && key.scope == KeyScope::Read {
        return Err(refused(buckets, ApiError::InsufficientScope));
    }
    let limit = limits.concurrency;
    let permit = permit(limit)
        .ok_or_else(|| refused(buckets, ApiError::TooManyConcurrentRequests { limit }))?;
    match buckets.take(key.id, limits, request.needs.cost, now_us) {
        Ok(limits) => Ok(AdmittedKey {
            creditor,
            prefix: request.key.prefix,
            limits,
            permit,
            expires_ms: key.expires_ms,
        }),
        Err((error, limits)) => Err(Rejection {
            error,
            limits: Some(limits),
            expires_ms: key.expires_ms,
        }),
    }
}

fn require_active(key: &KeySnapshot, now_ms: i64) -> Result<(), ApiError> {
    match (key.state, key.ended_reason) {
        (KeyState::Ended, Some(KeyEndReason::Expired)) => Err(ApiError::ExpiredApiKey),
        (KeyState::Ended, _) => Err(ApiError::RevokedApiKey),
        _ if key.expires_ms.is_some_and(|end| now_ms >= end) => Err(ApiError::ExpiredApiKey),
        _ => Ok(()),
    }
}
