//! Makes callers wait after repeated failures, counted by their network and by the subject of the attempts.
//!
//! A subject is what the attempts are about, e.g. an account or the prefix of a key. The throttle owns the counts. It never
//! decides what a failure is.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client_network::ClientNetwork;
use super::fixed_window_counters::{FixedWindowCounters, Window};
use crate::contract::ApiError;

/// After how many failures a caller must wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureLimits {
    /// Failures of one network after which it must wait.
    pub(crate) per_address: Window,
    /// Failures on one subject after which networks with failures of their own must wait. A network without failures is
    /// not delayed: guesses from elsewhere must not lock out the owner.
    pub(crate) per_subject: Window,
    /// Failures on one subject, in the same window, after which every network must wait. Attempts may come from many.
    pub(crate) per_subject_total: u32,
}

impl FailureLimits {
    /// Limits that count only by network.
    pub(crate) const fn by_address(per_address: Window) -> Self {
        Self {
            per_address,
            per_subject: Window {
                most: u32::MAX,
                length_ms: per_address.length_ms,
            },
            per_subject_total: u32::MAX,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum CounterKey {
    Address(ClientNetwork),
    Subject(String),
}

/// The failures of each network and on each subject.
#[derive(Debug)]
pub(crate) struct FailureThrottle {
    limits: FailureLimits,
    counters: Mutex<FixedWindowCounters<CounterKey>>,
}

impl FailureThrottle {
    /// Creates a throttle without failures.
    pub(crate) fn new(limits: FailureLimits) -> Self {
        Self {
            limits,
            counters: Mutex::default(),
        }
    }

    /// Checks whether a caller may attempt something.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] if the caller must wait.
    pub(crate) fn check(
        &self,
        subject: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let (subject, address) = keys(subject, address);
        self.check_counters(&self.counters(), &subject, &address, now_ms)
    }

    /// Counts a failure.
    pub(crate) fn record(&self, subject: &str, address: IpAddr, now_ms: i64) {
        let (subject, address) = keys(subject, address);
        self.count(&mut self.counters(), subject, address, now_ms);
    }

    /// Checks an attempt and counts it as a failure before its result is known, so that concurrent attempts count as
    /// well. [`Self::record_success`] and [`Self::take_back`] correct the count.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] if the caller must wait. The attempt is not counted then.
    pub(crate) fn attempt(
        &self,
        subject: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let (subject, address) = keys(subject, address);
        let mut counters = self.counters();
        self.check_counters(&counters, &subject, &address, now_ms)?;
        self.count(&mut counters, subject, address, now_ms);
        Ok(())
    }

    /// Clears the failures on the subject, and takes this attempt back from the network.
    pub(crate) fn record_success(&self, subject: &str, address: IpAddr) {
        let (subject, address) = keys(subject, address);
        let mut counters = self.counters();
        counters.reset(&subject);
        counters.take_back(&address);
    }

    /// Takes back an attempt that had no result.
    pub(crate) fn take_back(&self, subject: &str, address: IpAddr) {
        let (subject, address) = keys(subject, address);
        let mut counters = self.counters();
        counters.take_back(&subject);
        counters.take_back(&address);
    }

    fn check_counters(
        &self,
        counters: &FixedWindowCounters<CounterKey>,
        subject: &CounterKey,
        address: &CounterKey,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let FailureLimits {
            per_address,
            per_subject,
            per_subject_total,
        } = self.limits;
        let of_subject = match counters.has_count(address, per_address, now_ms) {
            true => per_subject,
            false => Window {
                most: per_subject_total,
                ..per_subject
            },
        };
        let own = counters.retry_after_s(address, per_address, now_ms);
        let shared = counters.retry_after_s(subject, of_subject, now_ms);
        match own.max(shared) {
            Some(retry_after_s) => Err(ApiError::TooManyAttempts { retry_after_s }),
            None => Ok(()),
        }
    }

    fn count(
        &self,
        counters: &mut FixedWindowCounters<CounterKey>,
        subject: CounterKey,
        address: CounterKey,
        now_ms: i64,
    ) {
        counters.count(address, self.limits.per_address, now_ms);
        counters.count(subject, self.limits.per_subject, now_ms);
    }

    fn counters(&self) -> MutexGuard<'_, FixedWindowCounters<CounterKey>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(subject: &str, address: IpAddr) -> (CounterKey, CounterKey) {
    let subject = CounterKey::Subject(subject.to_owned());
    (subject, CounterKey::Address(ClientNetwork::of(address)))
}
