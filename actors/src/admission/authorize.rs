//! The decision on one request of a genuine key, on live state.

use entities::api_key::{KeyEnd, KeyScope, KeyState};
use entities::ids::CreditorId;

use super::buckets::{Cells, Limited};
use super::decision::{AdmittedKey, Refusal, Verdict};
use super::permit::Permit;
use super::request::Knock;
use super::tenant_snapshot::LiveKey;
use crate::contract::ApiError;
use crate::domain::limits::TenantLimits;

/// Whether the key lives, may do this, and finds room among the concurrent requests and in both
/// limits. Only an admitted request takes anything. `permit` takes one of so many places.
pub(super) fn judge(
    key: &LiveKey,
    limits: &TenantLimits,
    cells: &mut Cells,
    creditor: CreditorId,
    permit: impl FnOnce(u32) -> Option<Permit>,
    knock: &Knock,
    now_us: i64,
) -> Verdict {
    must_live(key, now_us / 1_000)?;
    // A genuine key is told where its limits stand, also when they are not why it is refused.
    let refused = |cells: &Cells, error| Refusal {
        error,
        limits: Some(cells.report(Some(key.id), limits, now_us)),
        expires_ms: key.expires_ms,
    };
    if !key.networks.allow(knock.client) {
        let address = knock.client;
        return Err(refused(cells, ApiError::AddressNotAllowed { address }));
    }
    if knock.needs.writes && key.scope == KeyScope::Read {
        return Err(refused(cells, ApiError::InsufficientScope));
    }
    let limit = limits.concurrency;
    let permit = permit(limit)
        .ok_or_else(|| refused(cells, ApiError::TooManyConcurrentRequests { limit }))?;
    match cells.take(key.id, limits, knock.needs.cost, now_us) {
        Limited::Admitted(limits) => Ok(AdmittedKey {
            creditor,
            prefix: knock.key.prefix,
            limits,
            permit,
            expires_ms: key.expires_ms,
        }),
        Limited::Refused {
            limit,
            retry_after_s,
            report,
        } => Err(Refusal {
            error: ApiError::RateLimited {
                limit,
                retry_after_s,
            },
            limits: Some(report),
            expires_ms: key.expires_ms,
        }),
    }
}

fn must_live(key: &LiveKey, now_ms: i64) -> Result<(), ApiError> {
    match (key.state, key.ended_reason) {
        (KeyState::Ended, Some(KeyEnd::Expired)) => Err(ApiError::ExpiredApiKey),
        (KeyState::Ended, _) => Err(ApiError::RevokedApiKey),
        _ if key.expires_ms.is_some_and(|end| now_ms >= end) => Err(ApiError::ExpiredApiKey),
        _ => Ok(()),
    }
}
