//! The limit buckets of one tenant, with the quotas that last applied to them.
//!
//! Owns the cells of the rate limiter. It never reads a clock and never loads limits.

use entities::ids::KeyId;
use smallvec::SmallVec;

use crate::contract::{ApiError, LimitReport, LimitState};
use crate::domain::gcra;
use crate::domain::gcra::{Cell, Decision, Headroom, PairDecision, Quota};
use crate::domain::limits::TenantLimits;

/// A cell and its quota. A change of quota converts the cell, so that it grants no new burst.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    cell: Cell,
    quota: Quota,
}

impl Bucket {
    fn new(cell: Cell, quota: Quota) -> Self {
        Self { cell, quota }
    }

    fn full(quota: Quota) -> Self {
        Self::new(Cell::FULL, quota)
    }

    fn under(self, quota: Quota, now_us: i64) -> Self {
        if self.quota == quota {
            return self;
        }
        Self::new(gcra::convert(self.cell, &self.quota, &quota, now_us), quota)
    }
}

/// A bucket for the tenant, one for each of its keys, and one for its sessions.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    tenant: Option<Bucket>,
    sessions: Option<Bucket>,
    /// Usually a handful, so a linear search is fastest. Most tenants have one.
    keys: SmallVec<[(KeyId, Bucket); 1]>,
}

/// The state of both limits, or the error of a refused request together with that state.
pub(super) type RateLimitOutcome = Result<LimitReport, (ApiError, LimitReport)>;

impl Buckets {
    /// Takes `cost` from the key's and the tenant's limit, or from neither.
    pub(crate) fn take(
        &mut self,
        key: KeyId,
        limits: &TenantLimits,
        cost: u32,
        now_us: i64,
    ) -> RateLimitOutcome {
        // Cap the cost at the burst. A higher cost could never be admitted.
        let cost = cost.min(limits.key.burst).min(limits.tenant.burst);
        let of_tenant = self
            .tenant
            .unwrap_or(Bucket::full(limits.tenant))
            .under(limits.tenant, now_us);
        let of_key = self.of(key).unwrap_or(Bucket::full(limits.key));
        let of_key = of_key.under(limits.key, now_us);
        // Store the converted cells even if nothing is taken. A change of quota must convert only once.
        self.tenant = Some(of_tenant);
        self.put(key, of_key);
        let report = |key, tenant| LimitReport {
            key: state(&limits.key, key),
            tenant: state(&limits.tenant, tenant),
        };
        let verdict = gcra::check_both(
            of_key.cell,
            &limits.key,
            of_tenant.cell,
            &limits.tenant,
            cost,
            now_us,
        );
        match verdict {
            PairDecision::Admitted {
                key_cell,
                tenant_cell,
                key: key_room,
                tenant,
            } => {
                self.put(key, Bucket::new(key_cell, limits.key));
                self.tenant = Some(Bucket::new(tenant_cell, limits.tenant));
                Ok(report(key_room, tenant))
            }
            PairDecision::Refused {
                limit,
                wait_us,
                key,
                tenant,
            } => {
                let retry_after_s = gcra::retry_after_secs(wait_us);
                refuse(limit.as_str(), retry_after_s, report(key, tenant))
            }
            // Unreachable, because the cost is capped at both bursts.
            PairDecision::NeverAdmissible { limit, .. } => {
                let report = self.report(Some(key), limits, now_us);
                refuse(limit.as_str(), limits.key.window_secs(), report)
            }
        }
    }

    /// Takes `cost` from the session bucket. Its quota equals that of one key, and it takes nothing
    /// from the keys or the tenant. The report shows it in the `key` field.
    pub(crate) fn take_for_session(
        &mut self,
        limits: &TenantLimits,
        cost: u32,
        now_us: i64,
    ) -> RateLimitOutcome {
        let quota = limits.key;
        let bucket = self.sessions.unwrap_or(Bucket::full(quota));
        let mut bucket = bucket.under(quota, now_us);
        let decision = gcra::check(bucket.cell, &quota, cost.min(quota.burst), now_us);
        if let Decision::Admitted { cell } = decision {
            bucket.cell = cell;
        }
        self.sessions = Some(bucket);
        let report = LimitReport {
            key: state(&quota, gcra::headroom(bucket.cell, &quota, now_us)),
            ..self.report(None, limits, now_us)
        };
        let wait_us = match decision {
            Decision::Admitted { .. } => return Ok(report),
            Decision::Refused { wait_us } => wait_us,
            // Unreachable, because the cost is capped at the burst.
            Decision::NeverAdmissible => i64::MAX,
        };
        refuse("session", gcra::retry_after_secs(wait_us), report)
    }

    /// The state of both limits, without taking anything. Without a key, the key limit is full.
    pub(crate) fn report(
        &self,
        key: Option<KeyId>,
        limits: &TenantLimits,
        now_us: i64,
    ) -> LimitReport {
        let cell = |bucket: Option<Bucket>, quota: Quota| {
            let bucket = bucket.unwrap_or(Bucket::full(quota)).under(quota, now_us);
            gcra::headroom(bucket.cell, &quota, now_us)
        };
        let of_key = key.and_then(|key| self.of(key));
        LimitReport {
            key: state(&limits.key, cell(of_key, limits.key)),
            tenant: state(&limits.tenant, cell(self.tenant, limits.tenant)),
        }
    }

    /// Whether all buckets are full, so that dropping them would grant nothing.
    pub(crate) fn are_full(&self, now_us: i64) -> bool {
        let keys = self.keys.iter().map(|(_, bucket)| bucket);
        let mut buckets = keys.chain(&self.tenant).chain(&self.sessions);
        buckets.all(|bucket| bucket.cell.is_full(now_us))
    }

    /// Drops full key buckets, because their keys may no longer exist.
    pub(crate) fn forget_full_keys(&mut self, now_us: i64) {
        self.keys.retain(|(_, bucket)| !bucket.cell.is_full(now_us));
    }

    fn of(&self, key: KeyId) -> Option<Bucket> {
        let known = self.keys.iter().find(|(id, _)| *id == key);
        known.map(|(_, bucket)| *bucket)
    }

    fn put(&mut self, key: KeyId, bucket: Bucket) {
        match self.keys.iter_mut().find(|(id, _)| *id == key) {
            Some((_, known)) => *known = bucket,
            None => self.keys.push((key, bucket)),
        }
    }
}

fn refuse(limit: &'static str, retry_after_s: u64, report: LimitReport) -> RateLimitOutcome {
    let error = ApiError::RateLimited {
        limit,
        retry_after_s,
    };
    Err((error, report))
}

fn state(quota: &Quota, room: Headroom) -> LimitState {
    LimitState {
        quota: quota.burst,
        window_s: quota.window_secs(),
        remaining: room.remaining,
        reset_s: room.reset_secs,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn limits(per_second: u32, burst: u32) -> TenantLimits {
        let quota = Quota { per_second, burst };
        TenantLimits {
            key: quota,
            tenant: quota,
            concurrency: 10,
        }
    }

    #[test]
    fn lowered_limit_returns_exact_wait_when_first_request_is_refused() {
        let (mut buckets, key) = (Buckets::default(), KeyId(Uuid::nil()));
        let wide = limits(1_000, 2_000);
        assert!(buckets.take(key, &wide, 2_000, 0).is_ok());
        let narrow = limits(20, 40);
        let Err((ApiError::RateLimited { retry_after_s, .. }, _)) =
            buckets.take(key, &narrow, 1, 0)
        else {
            panic!("the bucket is empty");
        };
        assert_eq!(retry_after_s, 1);
        assert!(buckets.take(key, &narrow, 1, 1_000_000).is_ok());
    }

    #[test]
    fn refusal_takes_nothing_from_either_limit() {
        let (mut buckets, key) = (Buckets::default(), KeyId(Uuid::nil()));
        let tight = TenantLimits {
            key: Quota {
                per_second: 1,
                burst: 5,
            },
            tenant: Quota {
                per_second: 1,
                burst: 2,
            },
            concurrency: 10,
        };
        for _ in 0..2 {
            assert!(buckets.take(key, &tight, 1, 0).is_ok());
        }
        let before = buckets.report(Some(key), &tight, 0);
        for _ in 0..10 {
            assert!(matches!(
                buckets.take(key, &tight, 1, 0),
                Err((
                    ApiError::RateLimited {
                        limit: "tenant",
                        ..
                    },
                    _
                ))
            ));
        }
        assert_eq!(buckets.report(Some(key), &tight, 0), before);
    }

    /// Requests as `(µs since the previous one, index of the key, cost)`.
    fn arrivals() -> impl Strategy<Value = Vec<(i64, usize, u32)>> {
        prop::collection::vec((0..400_000_i64, 0..2_usize, 1..4_u32), 1..150)
    }

    /// Whether `admitted`, pairs of `(µs, cost)`, stays within the quota over every window.
    fn keeps_to(quota: Quota, admitted: &[(i64, u32)]) -> bool {
        (0..admitted.len()).all(|first| {
            let mut taken = 0;
            admitted[first..].iter().all(|(at_us, cost)| {
                taken += i64::from(*cost);
                let window_us = at_us - admitted[first].0;
                let refilled = i64::from(quota.per_second) * window_us / 1_000_000 + 1;
                taken <= i64::from(quota.burst) + refilled
            })
        })
    }

    proptest! {
        #[test]
        fn limits_hold_in_every_window_and_refusals_take_nothing(
            arrivals in arrivals(),
            (per_key, key_burst) in (1..20_u32, 4..20_u32),
            (per_tenant, tenant_burst) in (1..20_u32, 4..20_u32),
        ) {
            let limits = TenantLimits {
                key: Quota { per_second: per_key, burst: key_burst },
                tenant: Quota { per_second: per_tenant, burst: tenant_burst },
                concurrency: 10,
            };
            let (mut buckets, mut now_us) = (Buckets::default(), 0);
            let keys = [KeyId(Uuid::from_u128(1)), KeyId(Uuid::from_u128(2))];
            let (mut by_key, mut in_all) = ([Vec::new(), Vec::new()], Vec::new());
            for (pause_us, n, cost) in arrivals {
                now_us += pause_us;
                let before = keys.map(|key| buckets.report(Some(key), &limits, now_us));
                match buckets.take(keys[n], &limits, cost, now_us) {
                    Ok(_) => {
                        by_key[n].push((now_us, cost));
                        in_all.push((now_us, cost));
                    }
                    Err(_) => {
                        let after = keys.map(|key| buckets.report(Some(key), &limits, now_us));
                        prop_assert_eq!(before, after);
                    }
                }
            }
            prop_assert!(by_key.iter().all(|admitted| keeps_to(limits.key, admitted)));
            prop_assert!(keeps_to(limits.tenant, &in_all));
        }
    }
}
