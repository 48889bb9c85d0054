//! The time: the only place that reads it. Rules take `now_ms` as a parameter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Epoch milliseconds, from the system or from a test.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved by [`Clock::advance_ms`].
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System => system_us() / 1_000,
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Microseconds since the Unix epoch: the unit of the rate limiter.
    #[must_use]
    pub fn now_us(&self) -> i64 {
        match &self.0 {
            Source::System => system_us(),
            Source::Manual(now) => now.load(Ordering::SeqCst) * 1_000,
        }
    }

    /// Moves a manual clock; the system's clock ignores it.
    pub fn advance_ms(&self, by_ms: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}

#[allow(clippy::disallowed_methods)] // this is the one place
fn system_us() -> i64 {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}
