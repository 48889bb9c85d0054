//! What follows a delivery attempt.
//!
//! Owns the meaning of a receiver's answer, and the decision: delivered, try
//! again at, give up, or disable the endpoint. Retry-or-fail is decided here by type, once. Never
//! sends, never sleeps, never draws the jitter.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};

pub use super::retry_schedule::{RetrySchedule, ScheduleError};

/// The longest wait that a receiver's `Retry-After` can ask for, milliseconds: one day.
pub const RETRY_AFTER_CAP_MS: i64 = 86_400_000;
/// How much longer a wait gets at full jitter.
const JITTER: f64 = 0.2;

/// Why an attempt failed, when the receiver did not say how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// An answer outside 2xx; redirects are not followed.
    Status(u16),
    /// No complete answer within the delivery timeout.
    Timeout,
    /// No connection, or it broke.
    Connect,
    /// The name did not resolve.
    Resolve,
    /// The name resolved to an address that we do not connect to.
    UnsafeAddress,
    /// The TLS handshake failed: an expired certificate, a wrong name.
    Tls,
    /// An answer that is not HTTP, or breaks its rules.
    Protocol,
}

impl fmt::Display for FailureCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status @ 300..=399) => {
                write!(formatter, "HTTP {status}: redirects are not followed")
            }
            Self::Status(status) => write!(formatter, "HTTP {status}"),
            Self::Timeout => formatter.write_str("no complete answer in time"),
            Self::Connect => formatter.write_str("the connection failed"),
            Self::Resolve => formatter.write_str("the host name did not resolve"),
            Self::UnsafeAddress => {
                formatter.write_str("the host name resolved to an address that is not public")
            }
            Self::Tls => formatter.write_str("the TLS handshake failed"),
            Self::Protocol => formatter.write_str("the answer was not valid HTTP"),
        }
    }
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx.
    Delivered,
    /// 410: the receiver wants no more.
    Gone,
    /// 429 or 503: the receiver is there, and may say for how long to stay away.
    RetryAfter {
        /// 429 or 503.
        status: u16,
        /// What its `Retry-After` asks for, milliseconds from the answer; `None` without a readable
        /// one.
        after_ms: Option<i64>,
    },
    /// Everything else.
    Failed {
        /// Why.
        cause: FailureCause,
    },
}

/// What to do with the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Done.
    Delivered,
    /// Another attempt.
    RetryAt {
        /// Not before, Unix epoch milliseconds.
        due_ms: i64,
    },
    /// No attempts left; replayable by hand.
    Exhausted,
    /// The receiver said 410: no more to this endpoint.
    DisableEndpoint,
}

/// Reads an answer's status and `Retry-After` (seconds, or one of HTTP's three dates, RFC 9110
/// sections 10.2.3 and 5.6.7).
#[must_use]
pub fn classify(status: u16, retry_after: Option<&str>, now_ms: i64) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        410 => Outcome::Gone,
        429 | 503 => {
            let after_ms = retry_after.and_then(|value| parse_retry_after(value.trim(), now_ms));
            Outcome::RetryAfter { status, after_ms }
        }
        _ => Outcome::Failed {
            cause: FailureCause::Status(status),
        },
    }
}

/// Decides what follows.
///
/// `attempts_done` counts the one just finished; `jitter` is uniform in 0..=1 and makes the wait up
/// to 1.2 times as long. A receiver's `Retry-After` only lengthens the wait, up to
/// [`RETRY_AFTER_CAP_MS`].
#[must_use]
pub fn next(
    schedule: &RetrySchedule,
    outcome: &Outcome,
    attempts_done: u32,
    now_ms: i64,
    jitter: f64,
) -> NextStep {
    let asked_ms = match outcome {
        Outcome::Delivered => return NextStep::Delivered,
        Outcome::Gone => return NextStep::DisableEndpoint,
        Outcome::RetryAfter { after_ms, .. } => after_ms.unwrap_or(0).min(RETRY_AFTER_CAP_MS),
        Outcome::Failed { .. } => 0,
    };
    match schedule.wait_after(attempts_done) {
        None => NextStep::Exhausted,
        Some(wait_ms) => {
            let wait_ms = with_jitter(wait_ms, jitter).max(asked_ms);
            NextStep::RetryAt {
                due_ms: now_ms.saturating_add(wait_ms),
            }
        }
    }
}

/// `wait × (1 + 0.2 × jitter)`, whole milliseconds.
fn with_jitter(wait_ms: i64, jitter: f64) -> i64 {
    // `mul_f64` would panic on a NaN, which `clamp` lets through.
    let jitter = if jitter.is_nan() {
        0.0
    } else {
        jitter.clamp(0.0, 1.0)
    };
    let factor = 1.0 + JITTER * jitter;
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).mul_f64(factor);
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds from now, never negative; `None` for what is neither seconds nor a date.
fn parse_retry_after(value: &str, now_ms: i64) -> Option<i64> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(
            value
                .parse::<i64>()
                .unwrap_or(i64::MAX)
                .saturating_mul(1_000),
        );
    }
    let imf_fixdate = DateTime::parse_from_rfc2822(value)
        .ok()
        .map(|date| date.timestamp_millis());
    let obsolete = || {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .into_iter()
            .find_map(|format| NaiveDateTime::parse_from_str(value, format).ok())
            .map(|date| date.and_utc().timestamp_millis())
    };
    imf_fixdate
        .or_else(obsolete)
        .map(|at_ms| at_ms.saturating_sub(now_ms).max(0))
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
