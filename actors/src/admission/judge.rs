//! The decision on one request of a genuine key, on live state.

use std::sync::Arc;

use entities::api_key::{KeyEnd, KeyScope, KeyState};

use super::book::TenantSlot;
use super::cells::Limited;
use super::decision::{Admission, Refusal};
use super::tenant::{Knock, Verdict};
use super::tenant_load::{Live, LiveKey};
use crate::api::error::ApiError;

/// Whether the key lives, may do this, and finds room among the concurrent requests and in both
/// limits. Only an admitted request takes anything.
pub(super) fn judge(live: &Live, slot: &Arc<TenantSlot>, knock: &Knock, now_us: i64) -> Verdict {
    let prefix = knock.key.prefix.as_str();
    let key = live.keys.get(prefix).ok_or(ApiError::InvalidApiKey)?;
    must_live(key, now_us / 1_000)?;
    // A genuine key is told where its limits stand, also when they are not why it is refused.
    let refused = |error| Refusal {
        error,
        limits: Some(slot.with_cells(|cells| cells.report(key.id, &live.limits, now_us))),
    };
    if !key.networks.allow(knock.client) {
        let address = knock.client;
        return Err(refused(ApiError::AddressNotAllowed { address }));
    }
    if knock.needs.writes && key.scope == KeyScope::Read {
        return Err(refused(ApiError::InsufficientScope));
    }
    let limit = live.limits.concurrency;
    let permit = slot
        .permit(limit)
        .ok_or_else(|| refused(ApiError::TooManyConcurrentRequests { limit }))?;
    let cost = knock.needs.cost;
    match slot.with_cells(|cells| cells.take(key.id, &live.limits, cost, now_us)) {
        Limited::Admitted(limits) => Ok(Admission {
            creditor: slot.creditor,
            prefix: prefix.to_owned(),
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
        }),
        Limited::Never { limit } => {
            tracing::warn!(limit, cost, "a route costs more than the whole burst");
            Err(refused(ApiError::RateLimited {
                limit,
                retry_after_s: u64::from(u16::MAX),
            }))
        }
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
