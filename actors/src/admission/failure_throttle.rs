//! Makes callers wait after repeated failures, counted by their network and by the subject of the attempts.
//!
//! A subject is what the attempts are about, e.g. an account or the prefix of a key. The throttle owns the counts. It
//! never decides what a failure is.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client_network::ClientNetwork;
use super::fixed_window_counters::{FixedWindowCounters, Window};
use crate::cluster::NodeCount;
use crate::contract::ApiError;

/// After how many failures a caller must wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureLimits {
    /// Failures of one network after which it must wait.
    pub(crate) per_network: Window,
    /// Limits by subject. Without them only networks are counted.
    pub(crate) per_subject: Option<SubjectLimits>,
}

/// After how many failures on one subject callers must wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SubjectLimits {
    /// Failures after which networks with failures of their own must wait. A network without failures is not delayed:
    /// guesses from elsewhere must not lock out the owner.
    pub(crate) known_networks: Window,
    /// Failures in the same window after which every network must wait, because attempts may come from many. `None` if
    /// a network without failures never waits.
    pub(crate) all_networks: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum CounterKey {
    Network(ClientNetwork),
    Subject(String),
}

/// The failures of each network and on each subject.
#[derive(Debug)]
pub(crate) struct FailureThrottle {
    limits: FailureLimits,
    /// The processes among which the limits are divided, because a caller can reach each of them.
    nodes: NodeCount,
    counters: Mutex<FixedWindowCounters<CounterKey>>,
}

impl FailureThrottle {
    /// Creates a throttle without failures.
    pub(crate) fn new(limits: FailureLimits, nodes: NodeCount) -> Self {
        Self {
            limits,
            nodes,
            counters: Mutex::default(),
        }
    }

    /// Checks whether a caller may attempt something.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] if the caller must wait.
    pub(crate) fn check(
        &self,
        subject: Option<&str>,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let (subject, network) = keys(subject, address);
        self.check_counters(&self.counters(), subject.as_ref(), &network, now_ms)
    }

    /// Counts a failure.
    pub(crate) fn record(&self, subject: Option<&str>, address: IpAddr, now_ms: i64) {
        let (subject, network) = keys(subject, address);
        self.count(&mut self.counters(), subject, network, now_ms);
    }

    /// Checks an attempt and counts it as a failure before its result is known, so that concurrent attempts count as
    /// well. [`Self::record_success`] and [`Self::take_back`] correct the count.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] if the caller must wait. The attempt is not counted then.
    pub(crate) fn attempt(
        &self,
        subject: Option<&str>,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let (subject, network) = keys(subject, address);
        let mut counters = self.counters();
        self.check_counters(&counters, subject.as_ref(), &network, now_ms)?;
        self.count(&mut counters, subject, network, now_ms);
        Ok(())
    }

    /// Clears the failures on the subject, and takes this attempt back from the network.
    pub(crate) fn record_success(&self, subject: Option<&str>, address: IpAddr) {
        let (subject, network) = keys(subject, address);
        let mut counters = self.counters();
        if let Some(subject) = subject {
            counters.reset(&subject);
        }
        counters.take_back(&network);
    }

    /// Takes back an attempt that had no result.
    pub(crate) fn take_back(&self, subject: Option<&str>, address: IpAddr) {
        let (subject, network) = keys(subject, address);
        let mut counters = self.counters();
        for key in subject.iter().chain([&network]) {
            counters.take_back(key);
        }
    }

    fn check_counters(
        &self,
        counters: &FixedWindowCounters<CounterKey>,
        subject: Option<&CounterKey>,
        network: &CounterKey,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let share = |window: Window| Window {
            max: self.nodes.share(window.max),
            ..window
        };
        let per_network = share(self.limits.per_network);
        let of_subject = |(subject, limits): (_, SubjectLimits)| {
            let window = match counters.has_count(network, per_network, now_ms) {
                true => limits.known_networks,
                false => Window {
                    max: limits.all_networks?,
                    ..limits.known_networks
                },
            };
            counters.retry_after_s(subject, share(window), now_ms)
        };
        let own = counters.retry_after_s(network, per_network, now_ms);
        let shared = subject.zip(self.limits.per_subject).and_then(of_subject);
        match own.max(shared) {
            Some(retry_after_s) => Err(ApiError::TooManyAttempts { retry_after_s }),
            None => Ok(()),
        }
    }

    fn count(
        &self,
        counters: &mut FixedWindowCounters<CounterKey>,
        subject: Option<CounterKey>,
        network: CounterKey,
        now_ms: i64,
    ) {
        counters.count(network, self.limits.per_network, now_ms);
        if let Some((subject, limits)) = subject.zip(self.limits.per_subject) {
            counters.count(subject, limits.known_networks, now_ms);
        }
    }

    fn counters(&self) -> MutexGuard<'_, FixedWindowCounters<CounterKey>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(subject: Option<&str>, address: IpAddr) -> (Option<CounterKey>, CounterKey) {
    let subject = subject.map(|subject| CounterKey::Subject(subject.to_owned()));
    (subject, CounterKey::Network(ClientNetwork::of(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_A_MINUTE: Window = Window {
        max: 2,
        length_ms: 60_000,
    };

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n))
    }

    #[test]
    fn without_subject_limits_networks_do_not_affect_each_other() {
        let throttle = FailureThrottle::new(
            FailureLimits {
                per_network: TWO_A_MINUTE,
                per_subject: None,
            },
            NodeCount::default(),
        );
        for n in 0..1_000 {
            assert_eq!(throttle.attempt(None, address(n), 0), Ok(()), "{n}");
        }
        assert_eq!(throttle.attempt(None, address(0), 0), Ok(()));
        let refused = throttle.attempt(None, address(0), 0);
        assert!(matches!(refused, Err(ApiError::TooManyAttempts { .. })));
    }

    #[test]
    fn refused_attempt_is_not_counted() {
        let throttle = FailureThrottle::new(
            FailureLimits {
                per_network: TWO_A_MINUTE,
                per_subject: None,
            },
            NodeCount::default(),
        );
        for _ in 0..10 {
            let _ = throttle.attempt(None, address(0), 0);
        }
        throttle.take_back(None, address(0));
        assert_eq!(
            throttle.check(None, address(0), 0),
            Ok(()),
            "one of two is left"
        );
    }
}
