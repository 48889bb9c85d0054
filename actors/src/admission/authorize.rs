//! The decision on one request whose secret is verified.
//!
//! Checks the status of the key, its networks, its scope, concurrency and both limits, in this
//! order. It never verifies a secret.

use entities::ids::CreditorId;

use super::buckets::Buckets;
use super::decision::{AdmissionResult, AdmittedKey, Rejection};
use super::key_scope::{require_active, require_allowed};
use super::permit::Permit;
use super::request::AdmissionRequest;
use super::tenant_snapshot::KeySnapshot;
use crate::contract::ApiError;
use crate::domain::limits::TenantLimits;
use crate::infra::Now;

/// Decides whether the key has not ended, allows the request, and has capacity left in concurrency
/// and both limits. Only an admitted request consumes any. `permit(n)` takes one of `n` permits.
pub(super) fn authorize(
    key: &KeySnapshot,
    limits: &TenantLimits,
    buckets: &mut Buckets,
    creditor: CreditorId,
    permit: impl FnOnce(u32) -> Option<Permit>,
    request: &AdmissionRequest,
    now: Now,
) -> AdmissionResult {
    require_active(key, now.time_ms)?;
    // The secret is verified, so every rejection from here on reports the limits.
    let refused = |buckets: &Buckets, error| Rejection {
        error,
        limits: Some(buckets.report(Some(key.id), limits, now.mono_us)),
        expires_ms: key.expires_ms,
    };
    require_allowed(key, request).map_err(|error| refused(buckets, error))?;
    let limit = limits.concurrency;
    let permit = permit(limit)
        .ok_or_else(|| refused(buckets, ApiError::TooManyConcurrentRequests { limit }))?;
    match buckets.take(key.id, limits, request.needs.cost, now.mono_us) {
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
