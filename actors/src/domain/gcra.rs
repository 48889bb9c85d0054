//! Rate limiting with the generic cell rate algorithm (GCRA), for one limit and for a pair.
//!
//! The state of a limit is one instant, the theoretical arrival time (TAT), at which the bucket is
//! full again. A request of cost `c` moves it by `c` emission intervals, and conforms if the result
//! is at most one burst after now. GCRA is defined in ITU-T Recommendation I.371;
//! <https://brandur.org/rate-limiting> describes it as a rate limiter.
//!
//! All arithmetic uses whole nanoseconds. The emission interval `1 s / per_second` is rounded up, so
//! no window ever admits more than `burst + per_second × window`. The rounding lowers the rate: at 3
//! requests a second by the factor 2 × 10⁻⁹.
//!
//! Owns the arithmetic. Never reads a clock and never stores a cell: the caller stores the cells of
//! an admitted request. `now_us` may come from any clock. If it steps back, a wait is at most the
//! time in which an empty bucket fills.

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MICRO: i64 = 1_000;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// A limit: the sustained rate and the burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// The refill rate, in requests a second. 0 counts as 1; the parsers of settings refuse 0.
    pub per_second: u32,
    /// The size of the bucket, in requests.
    pub burst: u32,
}

impl Quota {
    /// Seconds in which an empty bucket fills, rounded up, at least 1. This is `w` in the
    /// `RateLimit-Policy` header; `q` is `burst`.
    #[must_use]
    pub fn window_secs(&self) -> u64 {
        u64::from(self.burst)
            .div_ceil(u64::from(self.per_second.max(1)))
            .max(1)
    }

    /// Nanoseconds in which one request refills, rounded up.
    fn interval_ns(&self) -> i64 {
        let per_second = i64::from(self.per_second.max(1));
        (NANOS_PER_SECOND + per_second - 1) / per_second
    }

    /// Nanoseconds in which an empty bucket fills.
    fn span_ns(&self) -> i64 {
        self.cost_ns(self.burst)
    }

    fn cost_ns(&self, cost: u32) -> i64 {
        self.interval_ns().saturating_mul(i64::from(cost))
    }
}

/// The state of one limit. The default is a full bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The theoretical arrival time, in nanoseconds of the caller's clock. The bucket is full from
    /// this instant on.
    tat_ns: i64,
}

impl Cell {
    /// A full bucket.
    pub const FULL: Self = Self { tat_ns: i64::MIN };

    /// Whether the bucket is full at `now_us` (microseconds). Such a cell can be discarded.
    #[must_use]
    pub fn is_full(&self, now_us: i64) -> bool {
        self.tat_ns <= nanos(now_us)
    }

    /// Nanoseconds until the bucket is full, at most the span of one bucket. A greater difference
    /// means that the clock stepped back.
    fn debt_ns(&self, quota: &Quota, now_ns: i64) -> i64 {
        self.tat_ns.saturating_sub(now_ns).clamp(0, quota.span_ns())
    }
}

impl Default for Cell {
    fn default() -> Self {
        Self::FULL
    }
}

/// The remaining capacity of one limit, for the `RateLimit` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// Requests that would be admitted now (`r`).
    pub remaining: u32,
    /// Whole seconds until the bucket is full, rounded up (`t`).
    pub reset_secs: u64,
}

/// The decision of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request conforms. It is charged only if the caller stores `cell`.
    Admitted {
        /// The state after the cost of this request.
        cell: Cell,
    },
    /// The request does not conform now. If no other request arrives, the same request is admitted
    /// after exactly `wait_us`, and not a microsecond earlier.
    Refused {
        /// The wait in microseconds, at least 1.
        wait_us: i64,
    },
    /// The cost exceeds the burst, so the request is never admitted.
    NeverAdmissible,
}

/// One of the two limits of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The limit of the API key.
    Key,
    /// The limit of the tenant.
    Tenant,
}

impl Limit {
    /// The name of the limit in the `RateLimit` headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Tenant => "tenant",
        }
    }
}

/// The decision of both limits together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairDecision {
    /// Both limits admit the request. The caller stores both cells.
    Admitted {
        /// The next state of the key's limit.
        key_cell: Cell,
        /// The next state of the tenant's limit.
        tenant_cell: Cell,
        /// The remaining capacity of the key's limit after this request.
        key: Headroom,
        /// The remaining capacity of the tenant's limit after this request.
        tenant: Headroom,
    },
    /// At least one limit refuses the request, and neither is charged.
    Refused {
        /// The limit with the longer wait, or the key's limit if both are equal.
        limit: Limit,
        /// The longer wait, in microseconds.
        wait_us: i64,
        /// The remaining capacity of the key's limit.
        key: Headroom,
        /// The remaining capacity of the tenant's limit.
        tenant: Headroom,
    },
    /// The cost exceeds a burst, so the request is never admitted. Neither limit is charged.
    NeverAdmissible {
        /// The limit whose burst is too small.
        limit: Limit,
        /// The highest cost that this limit can admit.
        burst: u32,
    },
}

/// Checks whether a request of `cost` conforms at `now_us` (microseconds). Changes nothing.
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

/// Checks both limits at `now_us` (microseconds). Charges both or neither.
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

/// The remaining capacity of a limit at `now_us` (microseconds).
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

/// Converts a cell to a new quota at `now_us` (microseconds).
///
/// The new limit applies at once. Requests that were spent stay spent, so a change of quota never
/// grants a new burst. Requests spent beyond the new burst are forgiven, so a wait is at most the
/// time in which the new bucket fills.
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

/// Converts a wait in microseconds to `Retry-After`: whole seconds, rounded up, at least 1.
#[must_use]
pub fn retry_after_secs(wait_us: i64) -> u64 {
    u64::try_from(wait_us)
        .unwrap_or_default()
        .div_ceil(MICROS_PER_SECOND)
        .max(1)
}

/// Converts microseconds to nanoseconds. For Unix time this saturates in the year 2262.
const fn nanos(now_us: i64) -> i64 {
    now_us.saturating_mul(NANOS_PER_MICRO)
}

#[cfg(test)]
#[path = "gcra_tests.rs"]
mod tests;
