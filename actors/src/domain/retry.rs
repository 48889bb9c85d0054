//! The next step after a delivery attempt.
//!
//! Owns the classification of a receiver's response and the decision: delivered, retry, exhausted,
//! or disable the endpoint. No other module decides whether to retry. Never sends, never sleeps,
//! never draws the jitter.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};

pub use super::retry_schedule::{RetrySchedule, ScheduleError};

/// The longest wait that a receiver can request with `Retry-After`, in milliseconds: one day.
pub const RETRY_AFTER_CAP_MS: i64 = 86_400_000;
/// The fraction that full jitter adds to a wait.
const JITTER: f64 = 0.2;

/// Why an attempt failed, if the response was not 410, 429 or 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// The response status was not 2xx. Redirects are not followed.
    Status(u16),
    /// No complete response arrived within the delivery timeout.
    Timeout,
    /// The connection could not be established, or it broke.
    Connect,
    /// The host name did not resolve.
    Resolve,
    /// The host name resolved to an address that is not permitted.
    UnsafeAddress,
    /// The TLS handshake failed, for example because of an expired certificate or a wrong name.
    Tls,
    /// The response was not valid HTTP.
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

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The response status was 2xx.
    Delivered,
    /// The response status was 410: the receiver no longer wants webhooks.
    Gone,
    /// The response status was 429 or 503, with which a receiver may request a wait.
    RetryAfter {
        /// The response status, 429 or 503.
        status: u16,
        /// The wait that `Retry-After` requests, in milliseconds from the response. `None` without a
        /// valid header.
        after_ms: Option<i64>,
    },
    /// The attempt failed in any other way.
    Failed {
        /// The cause of the failure.
        cause: FailureCause,
    },
}

/// What to do with the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// The delivery is complete.
    Delivered,
    /// Another attempt is made.
    RetryAt {
        /// The earliest instant of the attempt, in Unix epoch milliseconds.
        due_ms: i64,
    },
    /// No attempts are left. The delivery can be replayed.
    Exhausted,
    /// The receiver responded 410, so the endpoint is disabled.
    DisableEndpoint,
}

/// Classifies a response by its status and `Retry-After`, which is a number of seconds or one of
/// three HTTP date formats (RFC 9110, sections 10.2.3 and 5.6.7).
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

/// Decides what to do after an attempt.
///
/// `attempts_done` includes the attempt that has just finished. `jitter` is uniform in 0..=1 and
/// multiplies the wait by up to 1.2. `Retry-After` can only lengthen the wait, up to
/// [`RETRY_AFTER_CAP_MS`] and not past `latest_ms`, from which on a later attempt would find no
/// payload.
#[must_use]
pub fn next(
    schedule: &RetrySchedule,
    outcome: &Outcome,
    attempts_done: u32,
    now_ms: i64,
    latest_ms: i64,
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
            let asked_ms = asked_ms.min(latest_ms.saturating_sub(now_ms));
            let wait_ms = with_jitter(wait_ms, jitter).max(asked_ms);
            NextStep::RetryAt {
                due_ms: now_ms.saturating_add(wait_ms),
            }
        }
    }
}

/// Returns `wait × (1 + 0.2 × jitter)` in whole milliseconds.
fn with_jitter(wait_ms: i64, jitter: f64) -> i64 {
    // `clamp` passes NaN through, and `mul_f64` panics on NaN.
    let jitter = if jitter.is_nan() {
        0.0
    } else {
        jitter.clamp(0.0, 1.0)
    };
    let factor = 1.0 + JITTER * jitter;
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).mul_f64(factor);
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}

/// Parses `Retry-After` into milliseconds from now, never negative. `None` if the value is neither
/// seconds nor a date.
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
