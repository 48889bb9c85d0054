//! Rate limits by the generic cell rate algorithm (GCRA), for one limit and for two at once.
//!
//! A limit's whole state is one instant, the theoretical arrival time (TAT): when the bucket will
//! be full again. A request of cost `c` moves it by `c` emission intervals and conforms while it
//! stays within one burst of now. GCRA is ITU-T Recommendation I.371; as a rate limiter it is
//! described in <https://brandur.org/rate-limiting>.
//!
//! All arithmetic is in whole nanoseconds. The emission interval `1 s / per_second` is rounded UP
//! where it is no whole number, so no window ever admits more than `burst + per_second × window`;
//! at 3/s the rate comes out 3 × 10⁻⁹ too low.
//!
//! Owns the arithmetic. Never reads a clock, never keeps a cell: a refusal leaves the caller's
//! cells as they were. `now_us` may come from any clock; should it step back, nobody waits for
//! longer than an empty bucket takes to fill.

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MICRO: i64 = 1_000;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// A limit: requests a second in the long run, and how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Refill, requests a second; 0 is taken as 1 (the readers of settings refuse it).
    pub per_second: u32,
    /// The bucket's size, requests.
    pub burst: u32,
}

impl Quota {
    /// Seconds in which an empty bucket fills, rounded up: the `w` of `RateLimit-Policy`, whose `q`
    /// is `burst`.
    #[must_use]
    pub fn window_secs(&self) -> u64 {
        u64::from(self.burst)
            .div_ceil(u64::from(self.per_second.max(1)))
            .max(1)
    }

    /// Nanoseconds that one request takes to refill, rounded up.
    fn interval_ns(&self) -> i64 {
        let per_second = i64::from(self.per_second.max(1));
        (NANOS_PER_SECOND + per_second - 1) / per_second
    }

    /// Nanoseconds that an empty bucket takes to fill.
    fn span_ns(&self) -> i64 {
        self.cost_ns(self.burst)
    }

    fn cost_ns(&self, cost: u32) -> i64 {
        self.interval_ns().saturating_mul(i64::from(cost))
    }
}

/// The state of one limit. A fresh one is a full bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The theoretical arrival time in nanoseconds of the caller's clock: the bucket is full from
    /// then on.
    tat_ns: i64,
}

impl Cell {
    /// A full bucket.
    pub const FULL: Self = Self { tat_ns: i64::MIN };

    /// Whether the bucket is full again, so that forgetting the cell loses nothing.
    #[must_use]
    pub fn is_full(&self, now_us: i64) -> bool {
        self.tat_ns <= nanos(now_us)
    }

    /// Nanoseconds until the bucket is full. More than one whole bucket can only mean that the
    /// clock stepped back, and counts as an empty bucket.
    fn debt_ns(&self, quota: &Quota, now_ns: i64) -> i64 {
        self.tat_ns.saturating_sub(now_ns).clamp(0, quota.span_ns())
    }
}

impl Default for Cell {
    fn default() -> Self {
        Self::FULL
    }
}

/// What is left of one limit, for the `RateLimit` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// Requests that would be admitted now (`r`).
    pub remaining: u32,
    /// Whole seconds until the bucket is full, rounded up (`t`).
    pub reset_secs: u64,
}

/// The answer of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It conforms; `cell` is the limit's next state, which the caller may take or leave.
    Admitted {
        /// The state with this request's cost taken.
        cell: Cell,
    },
    /// Not now. The same request is admitted after exactly `wait_us` (and not a microsecond
    /// earlier) if nothing else comes.
    Refused {
        /// Microseconds, at least 1.
        wait_us: i64,
    },
    /// The cost is more than the burst: waiting does not help.
    NeverAdmissible,
}

/// Which of the two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The key's.
    Key,
    /// The tenant's.
    Tenant,
}

impl Limit {
    /// The name in the `RateLimit` headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Tenant => "tenant",
        }
    }
}

/// The answer of both limits together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairDecision {
    /// Both admit. Store both cells.
    Admitted {
        /// The key's next state.
        key_cell: Cell,
        /// The tenant's next state.
        tenant_cell: Cell,
        /// What is left of the key's limit after this request.
        key: Headroom,
        /// What is left of the tenant's limit after this request.
        tenant: Headroom,
    },
    /// At least one refuses, and neither is charged.
    Refused {
        /// The one that refuses for longer (the key's, if equally long).
        limit: Limit,
        /// The longer wait, microseconds.
        wait_us: i64,
        /// What is left of the key's limit.
        key: Headroom,
        /// What is left of the tenant's limit.
        tenant: Headroom,
    },
    /// The cost is more than a burst: this request will never be admitted, and neither limit is
    /// charged.
    NeverAdmissible {
        /// The limit whose burst is too small.
        limit: Limit,
        /// The most that may be asked for at once.
        burst: u32,
    },
}

/// Asks one limit whether `cost` requests may pass at `now_us` (microseconds). Changes nothing.
#[must_use]
pub fn check(cell: Cell, quota: &Quota, cost: u32, now_us: i64) -> Decision {
    if cost > quota.burst {
        return Decision::NeverAdmissible;
    }
    let now_ns = nanos(now_us);
    let debt_ns = cell
        .debt_ns(quota, now_ns)
        .saturating_add(quota.cost_ns(cost));
    let excess_ns = debt_ns.saturating_sub(quota.span_ns());
    if excess_ns > 0 {
        let wait_us = excess_ns.saturating_add(NANOS_PER_MICRO - 1) / NANOS_PER_MICRO;
        return Decision::Refused { wait_us };
    }
    Decision::Admitted {
        cell: Cell {
            tat_ns: now_ns.saturating_add(debt_ns),
        },
    }
}

/// Asks both limits; takes from both or from neither.
#[must_use]
pub fn check_both(
    key_cell: Cell,
    key_quota: &Quota,
    tenant_cell: Cell,
    tenant_quota: &Quota,
    cost: u32,
    now_us: i64,
) -> PairDecision {
    use Decision::{Admitted, NeverAdmissible, Refused};
    let refused = |limit, wait_us| PairDecision::Refused {
        limit,
        wait_us,
        key: headroom(key_cell, key_quota, now_us),
        tenant: headroom(tenant_cell, tenant_quota, now_us),
    };
    match (
        check(key_cell, key_quota, cost, now_us),
        check(tenant_cell, tenant_quota, cost, now_us),
    ) {
        (NeverAdmissible, _) => PairDecision::NeverAdmissible {
            limit: Limit::Key,
            burst: key_quota.burst,
        },
        (_, NeverAdmissible) => PairDecision::NeverAdmissible {
            limit: Limit::Tenant,
            burst: tenant_quota.burst,
        },
        (Admitted { cell: key_cell }, Admitted { cell: tenant_cell }) => PairDecision::Admitted {
            key_cell,
            tenant_cell,
            key: headroom(key_cell, key_quota, now_us),
            tenant: headroom(tenant_cell, tenant_quota, now_us),
        },
        (Refused { wait_us: key_us }, Refused { wait_us: tenant_us }) if tenant_us > key_us => {
            refused(Limit::Tenant, tenant_us)
        }
        (Refused { wait_us }, _) => refused(Limit::Key, wait_us),
        (_, Refused { wait_us }) => refused(Limit::Tenant, wait_us),
    }
}

/// What is left of a limit at `now_us` (microseconds).
#[must_use]
pub fn headroom(cell: Cell, quota: &Quota, now_us: i64) -> Headroom {
    let debt_ns = cell.debt_ns(quota, nanos(now_us));
    let whole = (quota.span_ns() - debt_ns) / quota.interval_ns();
    Headroom {
        remaining: u32::try_from(whole).unwrap_or(quota.burst).min(quota.burst),
        reset_secs: u64::try_from(debt_ns)
            .unwrap_or_default()
            .div_ceil(1_000_000_000),
    }
}

/// The cell after a change of quota, at `now_us` (microseconds): the new limit applies at once, and
/// what was spent stays spent, so no change hands out a fresh burst. What was spent beyond the new
/// burst is forgiven: nobody waits for longer than the new bucket takes to fill.
#[must_use]
pub fn convert(cell: Cell, old: &Quota, new: &Quota, now_us: i64) -> Cell {
    let now_ns = nanos(now_us);
    let debt_ns = i128::from(cell.debt_ns(old, now_ns));
    if debt_ns == 0 {
        return Cell::FULL;
    }
    let (old_ns, new_ns) = (i128::from(old.interval_ns()), i128::from(new.interval_ns()));
    let scaled_ns = (debt_ns * new_ns + old_ns - 1) / old_ns;
    let debt_ns = i64::try_from(scaled_ns)
        .unwrap_or(i64::MAX)
        .min(new.span_ns());
    Cell {
        tat_ns: now_ns.saturating_add(debt_ns),
    }
}

/// A wait in microseconds as `Retry-After`: whole seconds, rounded up, at least 1.
#[must_use]
pub fn retry_after_secs(wait_us: i64) -> u64 {
    u64::try_from(wait_us)
        .unwrap_or_default()
        .div_ceil(MICROS_PER_SECOND)
        .max(1)
}

/// Microseconds of the caller's clock as nanoseconds: good until the year 2262.
const fn nanos(now_us: i64) -> i64 {
    now_us.saturating_mul(NANOS_PER_MICRO)
}

#[cfg(test)]
#[path = "gcra_tests.rs"]
mod tests;
