//! Keys that were refused: whoever key_guesses has to wait, and what was refused once is refused from
//! memory.
//!
//! Only what costs something is counted: a look-up that found nothing, a bcrypt check that failed.
//! A key whose secret is remembered never comes here, so nobody's guessing delays a caller that
//! is in business.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use super::client_network::ClientNetwork;
use super::fixed_window_counters::{FixedWindowCounters, Window};
use super::verified_secrets::Mac;
use crate::contract::ApiError;

const MINUTE_MS: i64 = 60_000;
/// Failures from one address before it has to wait.
const PER_ADDRESS: Window = Window {
    most: 30,
    length_ms: MINUTE_MS,
};
/// Failures on one prefix before addresses that have failed as well have to wait. An address that
/// has not is let through: key_guesses from elsewhere must not lock a key's owner out.
const PER_PREFIX: Window = Window {
    most: 20,
    length_ms: MINUTE_MS,
};
/// Refused keys that are remembered.
const MAX_REFUSED: usize = 65_536;
/// For so long. A secret that does not match never will; this only bounds surprises.
const REFUSED_MS: i64 = 5 * MINUTE_MS;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(ClientNetwork),
    Prefix(String),
}

/// Who has guessed how often, and what.
#[derive(Debug)]
pub(crate) struct KeyGuessThrottle {
    counted: Mutex<FixedWindowCounters<Who>>,
    refused: Mutex<LruCache<Mac, i64>>,
}

impl Default for KeyGuessThrottle {
    fn default() -> Self {
        Self {
            counted: Mutex::default(),
            // Bounded where it is filled, so that nothing is reserved for what may never come.
            refused: Mutex::new(LruCache::unbounded()),
        }
    }
}

impl KeyGuessThrottle {
    /// Whether a key that nothing is known of may be looked into. The same for prefixes that exist
    /// and for those that do not.
    ///
    /// # Errors
    /// [`ApiError::InvalidApiKey`] for a key that was refused before,
    /// [`ApiError::TooManyAttempts`] for a caller that key_guesses.
    pub(crate) fn may_try(
        &self,
        mac: &Mac,
        prefix: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        if self.was_refused(mac, now_ms) {
            return Err(ApiError::InvalidApiKey);
        }
        self.may_guess(prefix, address, now_ms)
    }

    /// Whether this caller may try something that nothing is known of.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`].
    pub(crate) fn may_guess(
        &self,
        prefix: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let address = Who::Address(ClientNetwork::of(address));
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counted.wait_s(&address, PER_ADDRESS, now_ms);
        let shared = counted
            .wait_s(&Who::Prefix(prefix.to_owned()), PER_PREFIX, now_ms)
            .filter(|_| counted.knows(&address, PER_ADDRESS, now_ms));
        match own.max(shared) {
            Some(retry_after_s) => Err(ApiError::TooManyAttempts { retry_after_s }),
            None => Ok(()),
        }
    }

    /// The key is nobody's.
    pub(crate) fn refused(&self, mac: &Mac, prefix: &str, address: IpAddr, now_ms: i64) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.put(*mac, now_ms);
        if refused.len() > MAX_REFUSED {
            refused.pop_lru();
        }
        drop(refused);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.count(
            Who::Address(ClientNetwork::of(address)),
            PER_ADDRESS,
            now_ms,
        );
        counted.count(Who::Prefix(prefix.to_owned()), PER_PREFIX, now_ms);
    }

    /// Whether it was refused a moment ago.
    pub(crate) fn was_refused(&self, mac: &Mac, now_ms: i64) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused
            .get(mac)
            .is_some_and(|at_ms| now_ms < at_ms + REFUSED_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The nth made-up key.
    fn mac(n: u32) -> Mac {
        let mut mac = [0; 32];
        mac[..4].copy_from_slice(&n.to_be_bytes());
        mac
    }

    #[test]
    fn an_address_that_guesses_waits_and_others_do_not() {
        let key_guesses = KeyGuessThrottle::default();
        for n in 0..PER_ADDRESS.most {
            let prefix = format!("{n:08}");
            assert_eq!(
                key_guesses.may_try(&mac(n), &prefix, address("192.0.2.1"), 0),
                Ok(())
            );
            key_guesses.refused(&mac(n), &prefix, address("192.0.2.1"), 0);
        }
        let refused = key_guesses.may_try(&mac(99), "abcdefgh", address("192.0.2.1"), 1);
        assert_eq!(
            refused,
            Err(ApiError::TooManyAttempts { retry_after_s: 60 })
        );
        assert_eq!(
            key_guesses.may_try(&mac(99), "abcdefgh", address("192.0.2.2"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.may_try(&mac(99), "abcdefgh", address("192.0.2.1"), MINUTE_MS),
            Ok(())
        );
    }

    #[test]
    fn a_prefix_under_attack_is_closed_to_attackers_alone() {
        let key_guesses = KeyGuessThrottle::default();
        for n in 0..PER_PREFIX.most {
            key_guesses.refused(&mac(n), "abcdefgh", address(&format!("192.0.2.{n}")), 0);
        }
        let attacker = key_guesses.may_try(&mac(99), "abcdefgh", address("192.0.2.1"), 1);
        assert_eq!(
            attacker,
            Err(ApiError::TooManyAttempts { retry_after_s: 60 })
        );
        assert_eq!(
            key_guesses.may_try(&mac(99), "abcdefgh", address("198.51.100.1"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.may_try(&mac(99), "zzzzzzzz", address("192.0.2.1"), 1),
            Ok(())
        );
    }

    #[test]
    fn a_key_that_was_refused_is_refused_from_memory_and_counts_no_more() {
        let key_guesses = KeyGuessThrottle::default();
        key_guesses.refused(&mac(1), "abcdefgh", address("192.0.2.1"), 0);
        for _ in 0..1_000 {
            let again = key_guesses.may_try(&mac(1), "abcdefgh", address("192.0.2.1"), 1);
            assert_eq!(again, Err(ApiError::InvalidApiKey));
        }
        assert_eq!(
            key_guesses.may_try(&mac(2), "abcdefgh", address("192.0.2.1"), 1),
            Ok(())
        );
        assert_eq!(
            key_guesses.may_try(&mac(1), "abcdefgh", address("192.0.2.1"), REFUSED_MS),
            Ok(())
        );
    }
}
