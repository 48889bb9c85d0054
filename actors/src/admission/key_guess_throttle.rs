//! Throttles callers that guess keys, and refuses recently refused keys from memory.
//!
//! Only attempts that cost something are counted: a lookup that found nothing, or a failed bcrypt
//! check. A key whose secret is verified never passes through this throttle, so guesses of others
//! never delay an active caller.

use std::net::IpAddr;

use super::bounded_cache::BoundedCache;
use super::failure_throttle::{FailureLimits, FailureThrottle, SubjectLimits};
use super::fixed_window_counters::Window;
use super::verified_secrets::Mac;
use crate::cluster::NodeCount;
use crate::contract::ApiError;

const MINUTE_MS: i64 = 60_000;
/// Failures of one address after which it must wait.
const PER_ADDRESS: Window = Window::new(30, MINUTE_MS);
/// Failures on one prefix after which addresses with failures of their own must wait.
const PER_PREFIX: Window = Window::new(20, MINUTE_MS);
/// Maximum number of refused keys kept in memory.
const MAX_REFUSED: usize = 65_536;
/// How long a refused key is kept. A secret that does not match never starts to match; the limit
/// only bounds the effect of a mistake.
const REFUSED_MS: i64 = 5 * MINUTE_MS;

/// Failure counts for each address and prefix, and the refused keys.
#[derive(Debug)]
pub(crate) struct KeyGuessThrottle {
    failures: FailureThrottle,
    /// When each key was refused, epoch ms.
    refused: BoundedCache<Mac, i64, MAX_REFUSED>,
}

impl KeyGuessThrottle {
    /// Creates a throttle without failures, with limits that are divided among `nodes`.
    pub(crate) fn new(nodes: NodeCount) -> Self {
        let limits = FailureLimits {
            per_network: PER_ADDRESS,
            per_subject: Some(SubjectLimits {
                known_networks: PER_PREFIX,
                all_networks: None,
            }),
        };
        Self {
            failures: FailureThrottle::new(limits, nodes),
            refused: BoundedCache::default(),
        }
    }
}

impl KeyGuessThrottle {
    /// Checks whether an unknown key may be looked up or verified. The result does not depend on
    /// whether the prefix exists.
    ///
    /// # Errors
    /// [`ApiError::InvalidApiKey`] for a recently refused key,
    /// [`ApiError::TooManyAttempts`] for a throttled caller.
    pub(crate) fn check_key(
        &self,
        mac: &Mac,
        prefix: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        if self.was_refused(mac, now_ms) {
            return Err(ApiError::InvalidApiKey);
        }
        self.check_caller(prefix, address, now_ms)
    }

    /// Checks whether this caller may try an unknown credential.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] for a throttled caller.
    pub(crate) fn check_caller(
        &self,
        prefix: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        self.failures.check(Some(prefix), address, now_ms)
    }

    /// Records that the key was refused, and counts a failure for its address and prefix.
    pub(crate) fn refused(&self, mac: &Mac, prefix: &str, address: IpAddr, now_ms: i64) {
        self.refused.put(*mac, now_ms);
        self.failed(prefix, address, now_ms);
    }

    /// Counts a failure for the address and the prefix, without remembering the key.
    pub(crate) fn failed(&self, prefix: &str, address: IpAddr, now_ms: i64) {
        self.failures.record(Some(prefix), address, now_ms);
    }

    /// Whether the key was refused within the last `REFUSED_MS`.
    pub(crate) fn was_refused(&self, mac: &Mac, now_ms: i64) -> bool {
        let recent = |at_ms: &i64| now_ms < at_ms + REFUSED_MS;
        self.refused.read(mac, recent).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The MAC of the nth made-up key.
    fn mac(n: u32) -> Mac {
        let mut mac = [0; 32];
        mac[..4].copy_from_slice(&n.to_be_bytes());
        mac
    }

    #[test]
    fn guessing_address_waits_while_other_addresses_do_not() {
        let key_guesses = KeyGuessThrottle::new(NodeCount::default());
        for n in 0..PER_ADDRESS.max {
            let prefix = format!("{n:08}");
            assert_eq!(
                key_guesses.check_key(&mac(n), &prefix, address("192.0.2.1"), 0),
                Ok(())
            );
            key_guesses.refused(&mac(n), &prefix, address("192.0.2.1"), 0);
        }
        let refused = key_guesses.check_key(&mac(99), "abcdefgh", address("192.0.2.1"), 1);
        assert_eq!(
            refused,
            Err(ApiError::TooManyAttempts { retry_after_s: 60 })
        );
        assert_eq!(
            key_guesses.check_key(&mac(99), "abcdefgh", address("192.0.2.2"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.check_key(&mac(99), "abcdefgh", address("192.0.2.1"), MINUTE_MS),
            Ok(())
        );
    }

    #[test]
    fn attacked_prefix_blocks_only_addresses_that_have_failed() {
        let key_guesses = KeyGuessThrottle::new(NodeCount::default());
        for n in 0..PER_PREFIX.max {
            key_guesses.refused(&mac(n), "abcdefgh", address(&format!("192.0.2.{n}")), 0);
        }
        let attacker = key_guesses.check_key(&mac(99), "abcdefgh", address("192.0.2.1"), 1);
        assert_eq!(
            attacker,
            Err(ApiError::TooManyAttempts { retry_after_s: 60 })
        );
        assert_eq!(
            key_guesses.check_key(&mac(99), "abcdefgh", address("198.51.100.1"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.check_key(&mac(99), "zzzzzzzz", address("192.0.2.1"), 1),
            Ok(())
        );
    }

    #[test]
    fn refused_key_is_refused_from_memory_without_counting() {
        let key_guesses = KeyGuessThrottle::new(NodeCount::default());
        key_guesses.refused(&mac(1), "abcdefgh", address("192.0.2.1"), 0);
        for _ in 0..1_000 {
            let again = key_guesses.check_key(&mac(1), "abcdefgh", address("192.0.2.1"), 1);
            assert_eq!(again, Err(ApiError::InvalidApiKey));
        }
        assert_eq!(
            key_guesses.check_key(&mac(2), "abcdefgh", address("192.0.2.1"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.check_key(&mac(1), "abcdefgh", address("192.0.2.1"), REFUSED_MS),
            Ok(())
        );
    }
}
