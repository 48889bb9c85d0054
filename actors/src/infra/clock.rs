//! The clock of a process.
//!
//! No other module reads the system time. Domain rules take `now_ms` as a parameter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A source of Unix time: the system clock, or a manual clock for tests.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Returns the system clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Returns a clock that shows `now_ms` until [`Clock::advance_ms`] moves it.
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Returns the time in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System => system_us() / 1_000,
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Returns the time in microseconds since the Unix epoch, the unit of the rate limiter.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        match &self.0 {
            Source::System => system_us(),
            Source::Manual(now) => now.load(Ordering::SeqCst) * 1_000,
        }
    }

    /// Moves a manual clock by `by_ms`. The system clock ignores the call.
    pub fn advance_ms(&self, by_ms: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}

#[allow(clippy::disallowed_methods)] // the only reader of the system time
fn system_us() -> i64 {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}
