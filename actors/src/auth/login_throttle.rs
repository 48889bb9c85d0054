//! Failed sign-ins and sign-ups: after a few, the account and the address have to wait.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::admission::{ClientNetwork, FixedWindowCounters, Window};
use crate::contract::ApiError;

const QUARTER_MS: i64 = 15 * 60_000;
/// Failures of one account before addresses that have failed as well have to wait. An address that
/// has not is let through: key_guesses from elsewhere must not lock the owner out.
const PER_ACCOUNT: Window = Window {
    most: 10,
    length_ms: QUARTER_MS,
};
/// Failures of one account before everybody has to wait: key_guesses may come from very many addresses.
const PER_ACCOUNT_IN_ALL: Window = Window {
    most: 100,
    length_ms: QUARTER_MS,
};
/// Failures from one address before it has to wait.
const PER_ADDRESS: Window = Window {
    most: 50,
    length_ms: QUARTER_MS,
};
/// Wrong support tokens from one address, all of which go to the audit log, before it has to wait.
const SUPPORT: Window = Window {
    most: 10,
    length_ms: QUARTER_MS,
};
/// Sign-ups from one address.
const SIGN_UPS: Window = Window {
    most: 5,
    length_ms: 3_600_000,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(ClientNetwork),
    Newcomer(ClientNetwork),
    Support(ClientNetwork),
}

/// Who has tried how often.
#[derive(Debug, Default)]
pub(crate) struct LoginThrottle(Mutex<FixedWindowCounters<Who>>);

impl LoginThrottle {
    /// Counts a sign-in before its password is looked at, so that key_guesses made at the same time
    /// count as well; [`LoginThrottle::succeeded`] and [`LoginThrottle::not_judged`] take it back.
    pub(crate) fn sign_in(
        &self,
        address: IpAddr,
        account: &str,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let account = Who::Account(account.to_owned());
        let address = Who::Address(ClientNetwork::of(address));
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tried.knows(&address, PER_ADDRESS, now_ms);
        let of_account = match known {
            true => PER_ACCOUNT,
            false => PER_ACCOUNT_IN_ALL,
        };
        let waits = [
            tried.wait_s(&account, of_account, now_ms),
            tried.wait_s(&address, PER_ADDRESS, now_ms),
        ];
        if let Some(retry_after_s) = waits.into_iter().flatten().max() {
            return Err(ApiError::TooManyAttempts { retry_after_s });
        }
        tried.count(account, PER_ACCOUNT, now_ms);
        tried.count(address, PER_ADDRESS, now_ms);
        Ok(())
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.one_more(Who::Newcomer(ClientNetwork::of(address)), SIGN_UPS, now_ms)
    }

    /// Counts a wrong support token.
    pub(crate) fn wrong_support_token(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.one_more(Who::Support(ClientNetwork::of(address)), SUPPORT, now_ms)
    }

    fn one_more(&self, who: Who, window: Window, now_ms: i64) -> Result<(), ApiError> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(retry_after_s) = tried.wait_s(&who, window, now_ms) {
            return Err(ApiError::TooManyAttempts { retry_after_s });
        }
        tried.count(who, window, now_ms);
        Ok(())
    }

    /// The account's own failures are forgiven; the address gets this attempt back.
    pub(crate) fn succeeded(&self, address: IpAddr, account: &str) {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.forgive(&Who::Account(account.to_owned()));
        tried.take_back(&Who::Address(ClientNetwork::of(address)));
    }

    /// Nobody looked at the password: nothing was tried.
    pub(crate) fn not_judged(&self, address: IpAddr, account: &str) {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.take_back(&Who::Account(account.to_owned()));
        tried.take_back(&Who::Address(ClientNetwork::of(address)));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn an_account_waits_after_ten_failures_and_until_the_window_is_over() {
        let logins = LoginThrottle::default();
        for _ in 0..PER_ACCOUNT.most {
            assert_eq!(logins.sign_in(HERE, "a@b.c", 1_000), Ok(()));
        }
        let refused = logins.sign_in(HERE, "a@b.c", 61_000).unwrap_err();
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s: 840 });
        assert_eq!(logins.sign_in(HERE, "other@b.c", 61_000), Ok(()));
        assert_eq!(logins.sign_in(HERE, "a@b.c", 1_000 + QUARTER_MS), Ok(()));
    }

    #[test]
    fn an_owner_elsewhere_is_let_in_while_others_guess_but_not_for_ever() {
        let (logins, guesser) = (LoginThrottle::default(), |n: u32| {
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))
        });
        for n in 0..PER_ACCOUNT_IN_ALL.most {
            assert_eq!(logins.sign_in(guesser(n), "a@b.c", 0), Ok(()), "{n}");
        }
        let retry_after_s = 900;
        let refused = Err(ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(logins.sign_in(HERE, "a@b.c", 0), refused);
        logins.not_judged(guesser(0), "a@b.c");
        assert_eq!(
            logins.sign_in(HERE, "a@b.c", 0),
            Ok(()),
            "a place came back"
        );
        assert_eq!(logins.sign_in(HERE, "a@b.c", 0), refused);
    }

    #[test]
    fn success_forgives_the_account() {
        let logins = LoginThrottle::default();
        for _ in 0..PER_ACCOUNT.most {
            logins.sign_in(HERE, "a@b.c", 0).unwrap();
        }
        logins.succeeded(HERE, "a@b.c");
        assert_eq!(logins.sign_in(HERE, "a@b.c", 1), Ok(()));
    }

    #[test]
    fn five_sign_ups_an_hour() {
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
