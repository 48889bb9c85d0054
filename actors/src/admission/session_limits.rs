//! Limits of callers with a dashboard session or an onboarding token.
//!
//! Sessions have their own bucket and permits, with the limits of one key. A person can reach the
//! dashboard while a runaway key exhausts the limits. A script with a session gets no more than a
//! script with a key. Sessions never take from the limits of the keys.

use entities::ids::CreditorId;
use entities::queries::creditors;

use super::buckets::RateLimitOutcome;
use super::decision::Rejection;
use super::handle::Admission;
use super::permit::{CallerClass, Permit};
use super::tenant_snapshot::limits_of;
use crate::contract::{ApiError, LimitReport};

/// An admitted request of a session.
#[derive(Debug)]
pub(crate) struct AdmittedSession {
    pub(crate) limits: LimitReport,
    pub(crate) permit: Permit,
}

/// Admits a request of one of the creditor's sessions at the `cost` of its route.
pub(crate) async fn admit_session(
    admission: &Admission,
    creditor: CreditorId,
    cost: u32,
) -> Result<AdmittedSession, Rejection> {
    let row = creditors::by_id(admission.env.db.reader(), creditor).await?;
    let limits = limits_of(&admission.env.settings, row.as_ref());
    let limits = limits.share_of(admission.membership.nodes().get());
    loop {
        let (entry, mono_us) = (
            admission.tenants.get_or_insert(creditor),
            admission.env.clock.mono_us(),
        );
        entry.mark_used(mono_us / 1_000);
        let permit = entry.try_acquire_permit(CallerClass::Sessions, limits.concurrency);
        // A request without a permit is rejected, so it must not take from the bucket.
        let cost = permit.as_ref().map_or(0, |_| cost);
        match entry.with_state(|state| state.admit_session(&limits, cost, mono_us)) {
            Some(taken) => return authorize(taken, permit, limits.concurrency),
            // The entry is being evicted. Retry until the cache returns a new one.
            None => tokio::task::yield_now().await,
        }
    }
}

fn authorize(
    taken: RateLimitOutcome,
    permit: Option<Permit>,
    limit: u32,
) -> Result<AdmittedSession, Rejection> {
    let (error, limits) = match (taken, permit) {
        (Ok(limits), Some(permit)) => return Ok(AdmittedSession { limits, permit }),
        (Ok(limits), None) => (ApiError::TooManyConcurrentRequests { limit }, limits),
        (Err(refused), _) => refused,
    };
    Err(Rejection {
        error,
        limits: Some(limits),
        expires_ms: None,
    })
}
