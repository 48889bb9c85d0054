//! The limit cells of one tenant, and the quotas that they were last judged by.

use entities::ids::KeyId;
use smallvec::SmallVec;

use super::decision::{LimitReport, LimitState};
use crate::domain::gcra::{self, Cell, Headroom, Quota, Verdict};
use crate::domain::limits::TenantLimits;

/// A cell, and its quota: a change of quota converts the cell, so that none hands out a burst.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    cell: Cell,
    quota: Quota,
}

impl Bucket {
    fn full(quota: Quota) -> Self {
        Self {
            cell: Cell::FULL,
            quota,
        }
    }

    fn under(self, quota: Quota, now_us: i64) -> Self {
        if self.quota == quota {
            return self;
        }
        Self {
            cell: gcra::convert(self.cell, &self.quota, &quota, now_us),
            quota,
        }
    }
}

/// The tenant's cell and one for each of its keys.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    tenant: Option<Bucket>,
    /// A handful, so that looking through them is the fastest way to find one; most have one.
    keys: SmallVec<[(KeyId, Bucket); 1]>,
}

/// What both limits said.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limited {
    Admitted(LimitReport),
    Refused {
        limit: &'static str,
        retry_after_s: u64,
        report: LimitReport,
    },
    /// The cost is more than a burst: waiting does not help.
    Never {
        limit: &'static str,
    },
}

impl Cells {
    /// Takes `cost` from both limits or from neither.
    pub(crate) fn take(
        &mut self,
        key: KeyId,
        limits: &TenantLimits,
        cost: u32,
        now_us: i64,
    ) -> Limited {
        // A route that costs more than a burst takes a full bucket: it waits, but never for ever.
        let cost = cost.min(limits.key.burst).min(limits.tenant.burst);
        let of_tenant = self
            .tenant
            .unwrap_or(Bucket::full(limits.tenant))
            .under(limits.tenant, now_us);
        let of_key = self.of(key).unwrap_or(Bucket::full(limits.key));
        let of_key = of_key.under(limits.key, now_us);
        // Also if nothing is taken: a change of quota converts once, and decays at the new rate.
        self.tenant = Some(of_tenant);
        self.put(key, of_key);
        let report = |key, tenant| LimitReport {
            key: state(&limits.key, key),
            tenant: state(&limits.tenant, tenant),
        };
        let verdict = gcra::both(
            of_key.cell,
            &limits.key,
            of_tenant.cell,
            &limits.tenant,
            cost,
            now_us,
        );
        match verdict {
            Verdict::Admitted {
                key_cell,
                tenant_cell,
                key: key_room,
                tenant,
            } => {
                self.put(
                    key,
                    Bucket {
                        cell: key_cell,
                        quota: limits.key,
                    },
                );
                self.tenant = Some(Bucket {
                    cell: tenant_cell,
                    quota: limits.tenant,
                });
                Limited::Admitted(report(key_room, tenant))
            }
            Verdict::Refused {
                limit,
                wait_us,
                key,
                tenant,
            } => Limited::Refused {
                limit: limit.as_str(),
                retry_after_s: gcra::retry_after_secs(wait_us),
                report: report(key, tenant),
            },
            Verdict::NeverAdmissible { limit, .. } => Limited::Never {
                limit: limit.as_str(),
            },
        }
    }

    /// What is left of both limits, without taking anything; without a key, as if one were full.
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

    /// Whether forgetting every cell would hand out nothing.
    pub(crate) fn are_full(&self, now_us: i64) -> bool {
        let mut buckets = self.keys.iter().map(|(_, bucket)| bucket);
        buckets.all(|bucket| bucket.cell.is_full(now_us))
            && self.tenant.is_none_or(|bucket| bucket.cell.is_full(now_us))
    }

    /// Forgets the cells of keys that are full: their keys may be long gone.
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
    fn a_lowered_limit_tells_the_true_wait_although_the_first_request_is_refused() {
        let (mut cells, key) = (Cells::default(), KeyId(Uuid::nil()));
        let wide = limits(1_000, 2_000);
        assert!(matches!(
            cells.take(key, &wide, 2_000, 0),
            Limited::Admitted(_)
        ));
        let narrow = limits(20, 40);
        let Limited::Refused { retry_after_s, .. } = cells.take(key, &narrow, 1, 0) else {
            panic!("the bucket is empty");
        };
        assert_eq!(retry_after_s, 1);
        assert!(matches!(
            cells.take(key, &narrow, 1, 1_000_000),
            Limited::Admitted(_)
        ));
    }

    #[test]
    fn a_refusal_takes_nothing_from_either() {
        let (mut cells, key) = (Cells::default(), KeyId(Uuid::nil()));
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
            assert!(matches!(
                cells.take(key, &tight, 1, 0),
                Limited::Admitted(_)
            ));
        }
        let before = cells.report(Some(key), &tight, 0);
        for _ in 0..10 {
            assert!(matches!(
                cells.take(key, &tight, 1, 0),
                Limited::Refused {
                    limit: "tenant",
                    ..
                }
            ));
        }
        assert_eq!(cells.report(Some(key), &tight, 0), before);
    }
}
