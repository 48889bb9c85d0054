//! The clocks of a process.
//!
//! [`Clock::mono_ms`] measures durations: limits, throttles, breakers, heartbeats. Nothing ever steps it.
//! [`Clock::now_ms`] is the time of the database, for everything that is stored or sent. It runs on the same
//! monotonic clock, so a step of the system clock changes neither. On Postgres the heartbeat measures the difference
//! to the database, so that all processes agree. SQLite has one process, and its time is the system time at its start.
//!
//! No other module reads the system time. Domain rules take the time as a parameter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A difference to the database that is smaller than this is noise of the measurement, in milliseconds.
const NOISE_MS: i64 = 20;
/// A larger difference between the system time and the database is reported, in milliseconds.
const ALERT_MS: i64 = 1_000;

/// The time of the system, or a manual time for tests.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System(Arc<System>),
    Manual(Arc<AtomicI64>),
}

#[derive(Debug)]
struct System {
    started: Instant,
    /// The system time at the start, in microseconds since the Unix epoch.
    started_us: i64,
    /// The time of the database minus the time of this process, in milliseconds.
    offset_ms: AtomicI64,
}

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// The monotonic clock, in microseconds.
    pub(crate) mono_us: i64,
    /// The time of the database, in milliseconds since the Unix epoch.
    pub(crate) time_ms: i64,
}

impl Now {
    /// The monotonic clock, in milliseconds.
    pub(crate) fn mono_ms(self) -> i64 {
        self.mono_us / 1_000
    }
}

impl Clock {
    /// Returns the clock of the system.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Arc::new(System {
            started: Instant::now(),
            started_us: system_us(),
            offset_ms: AtomicI64::new(0),
        })))
    }

    /// Returns a clock that shows `now_ms` until [`Clock::advance_ms`] moves it.
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Returns the time of the database in milliseconds since the Unix epoch. It can step when the difference to the
    /// database is measured again.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now().time_ms
    }

    /// Returns the monotonic clock in milliseconds. Only differences of two values mean anything.
    #[must_use]
    pub fn mono_ms(&self) -> i64 {
        self.mono_us() / 1_000
    }

    /// Returns the monotonic clock in microseconds, the unit of the rate limiter.
    #[must_use]
    pub fn mono_us(&self) -> i64 {
        match &self.0 {
            Source::System(system) => system.mono_us(),
            Source::Manual(now) => now.load(Ordering::SeqCst) * 1_000,
        }
    }

    /// Returns the same instant on both clocks.
    pub(crate) fn now(&self) -> Now {
        let mono_us = self.mono_us();
        let offset_ms = match &self.0 {
            Source::System(system) => system.offset_ms.load(Ordering::Relaxed),
            Source::Manual(_) => 0,
        };
        Now {
            mono_us,
            time_ms: mono_us / 1_000 + offset_ms,
        }
    }

    /// Adjusts the time to that of the database, which was `database_ms` at some instant between `began` and now.
    pub(crate) fn adjust(&self, began: Now, database_ms: i64) {
        let Source::System(system) = &self.0 else {
            return;
        };
        let ended = self.now();
        let took_ms = ended.mono_ms() - began.mono_ms();
        let measured_ms = database_ms - (began.mono_ms() + took_ms / 2);
        let known_ms = system.offset_ms.load(Ordering::Relaxed);
        let change_ms = measured_ms - known_ms;
        // The answer may have waited anywhere, so the measurement is only as good as it was fast.
        if change_ms.abs() <= NOISE_MS + took_ms / 2 {
            return;
        }
        system.offset_ms.store(measured_ms, Ordering::Relaxed);
        let system_offset_ms = database_ms - system_us() / 1_000;
        if change_ms.abs() > ALERT_MS || system_offset_ms.abs() > ALERT_MS {
            tracing::warn!(
                alert = "clock_differs",
                change_ms,
                system_offset_ms,
                "the system clock and the clock of the database differ; the time of the database is used"
            );
        }
    }

    /// Moves a manual clock by `by_ms`. The system clock ignores the call.
    pub fn advance_ms(&self, by_ms: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(by_ms, Ordering::SeqCst);
        }
    }
}

impl System {
    fn mono_us(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.started_us.saturating_add(elapsed)
    }
}

#[allow(clippy::disallowed_methods)] // the only reader of the system time
fn system_us() -> i64 {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_follows_the_database_and_durations_do_not() {
        let clock = Clock::system();
        let began = clock.now();
        clock.adjust(began, began.time_ms + 3_600_000);
        let later = clock.now();
        assert!((3_600_000..3_601_000).contains(&(later.time_ms - began.time_ms)));
        assert!((0..1_000_000).contains(&(later.mono_us - began.mono_us)));
        clock.adjust(clock.now(), began.time_ms);
        assert!(clock.now_ms() - began.time_ms < 1_000);
    }

    #[test]
    fn noise_changes_nothing() {
        let clock = Clock::system();
        let began = clock.now();
        for difference_ms in [-NOISE_MS, 0, NOISE_MS] {
            let now = clock.now();
            clock.adjust(now, now.time_ms + difference_ms);
        }
        assert!(clock.now_ms() - began.time_ms < 1_000);
    }
}
