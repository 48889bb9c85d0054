//! Throttles sign-ins, sign-ups and wrong support tokens.
//!
//! Owns the counts for each account and each client network. It never checks a password or a token.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::admission::{ClientNetwork, FixedWindowCounters, Window};
use crate::contract::ApiError;

const QUARTER_HOUR_MS: i64 = 15 * 60_000;
/// Failures of one account after which addresses with failures of their own must wait. An address
/// without failures is not delayed: guesses from elsewhere must not lock out the owner.
const PER_ACCOUNT: Window = Window {
    most: 10,
    length_ms: QUARTER_HOUR_MS,
};
/// Failures of one account after which every address must wait. Attempts may come from many addresses.
const PER_ACCOUNT_TOTAL: Window = Window {
    most: 100,
    length_ms: QUARTER_HOUR_MS,
};
/// Failures of one address after which it must wait.
const PER_ADDRESS: Window = Window {
    most: 50,
    length_ms: QUARTER_HOUR_MS,
};
/// Wrong support tokens of one address after which it must wait. This bounds the audit entries.
const SUPPORT: Window = Window {
    most: 10,
    length_ms: QUARTER_HOUR_MS,
};
/// Sign-ups of one address after which it must wait.
const SIGN_UPS: Window = Window {
    most: 5,
    length_ms: 3_600_000,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum CounterKey {
    Account(String),
    Address(ClientNetwork),
    SignUpFrom(ClientNetwork),
    Support(ClientNetwork),
}

/// Counts of attempts for each account and client network.
#[derive(Debug, Default)]
pub(crate) struct LoginThrottle(Mutex<FixedWindowCounters<CounterKey>>);

impl LoginThrottle {
    /// Counts a sign-in before its password is checked, so that concurrent guesses count as well.
    /// [`LoginThrottle::record_success`] and [`LoginThrottle::undo_attempt`] take the count back.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] if the account or the address must wait.
    pub(crate) fn sign_in(
        &self,
        address: IpAddr,
        account: &str,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let account = CounterKey::Account(account.to_owned());
        let address = CounterKey::Address(ClientNetwork::of(address));
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counters.has_count(&address, PER_ADDRESS, now_ms);
        let of_account = match known {
            true => PER_ACCOUNT,
            false => PER_ACCOUNT_TOTAL,
        };
        let waits = [
            counters.retry_after_s(&account, of_account, now_ms),
            counters.retry_after_s(&address, PER_ADDRESS, now_ms),
        ];
        if let Some(retry_after_s) = waits.into_iter().flatten().max() {
            return Err(ApiError::TooManyAttempts { retry_after_s });
        }
        counters.count(account, PER_ACCOUNT, now_ms);
        counters.count(address, PER_ADDRESS, now_ms);
        Ok(())
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.count_if_allowed(
            CounterKey::SignUpFrom(ClientNetwork::of(address)),
            SIGN_UPS,
            now_ms,
        )
    }

    /// Counts a wrong support token.
    pub(crate) fn wrong_support_token(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.count_if_allowed(
            CounterKey::Support(ClientNetwork::of(address)),
            SUPPORT,
            now_ms,
        )
    }

    fn count_if_allowed(
        &self,
        who: CounterKey,
        window: Window,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(retry_after_s) = counters.retry_after_s(&who, window, now_ms) {
            return Err(ApiError::TooManyAttempts { retry_after_s });
        }
        counters.count(who, window, now_ms);
        Ok(())
    }

    /// Clears the failures of the account, and takes this attempt back from the address.
    pub(crate) fn record_success(&self, address: IpAddr, account: &str) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.reset(&CounterKey::Account(account.to_owned()));
        counters.take_back(&CounterKey::Address(ClientNetwork::of(address)));
    }

    /// Takes back an attempt whose password was not checked.
    pub(crate) fn undo_attempt(&self, address: IpAddr, account: &str) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.take_back(&CounterKey::Account(account.to_owned()));
        counters.take_back(&CounterKey::Address(ClientNetwork::of(address)));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn account_waits_after_ten_failures_until_window_ends() {
        let logins = LoginThrottle::default();
        for _ in 0..PER_ACCOUNT.most {
            assert_eq!(logins.sign_in(HERE, "a@b.c", 1_000), Ok(()));
        }
        let refused = logins.sign_in(HERE, "a@b.c", 61_000).unwrap_err();
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s: 840 });
        assert_eq!(logins.sign_in(HERE, "other@b.c", 61_000), Ok(()));
        assert_eq!(
            logins.sign_in(HERE, "a@b.c", 1_000 + QUARTER_HOUR_MS),
            Ok(())
        );
    }

    #[test]
    fn account_total_limits_sign_ins_from_new_addresses() {
        let (logins, guesser) = (LoginThrottle::default(), |n: u32| {
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))
        });
        for n in 0..PER_ACCOUNT_TOTAL.most {
            assert_eq!(logins.sign_in(guesser(n), "a@b.c", 0), Ok(()), "{n}");
        }
        let retry_after_s = 900;
        let refused = Err(ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(logins.sign_in(HERE, "a@b.c", 0), refused);
        logins.undo_attempt(guesser(0), "a@b.c");
        assert_eq!(
            logins.sign_in(HERE, "a@b.c", 0),
            Ok(()),
            "one attempt was taken back"
        );
        assert_eq!(logins.sign_in(HERE, "a@b.c", 0), refused);
    }

    #[test]
    fn successful_sign_in_clears_failures_of_account() {
        let logins = LoginThrottle::default();
        for _ in 0..PER_ACCOUNT.most {
            logins.sign_in(HERE, "a@b.c", 0).unwrap();
        }
        logins.record_success(HERE, "a@b.c");
        assert_eq!(logins.sign_in(HERE, "a@b.c", 1), Ok(()));
    }

    #[test]
    fn sixth_sign_up_within_an_hour_is_refused() {
        let logins = LoginThrottle::default();
        for _ in 0..5 {
            logins.sign_up(HERE, 0).unwrap();
        }
        let refused = logins.sign_up(HERE, 1_000).unwrap_err();
        let retry_after_s = 3_599;
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(logins.sign_up(HERE, SIGN_UPS.length_ms), Ok(()));
    }
}
