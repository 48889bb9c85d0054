//! Throttles sign-ins, sign-ups and wrong support tokens.
//!
//! Owns the limits. It never checks a password or a token.

use std::net::IpAddr;

use crate::admission::{FailureLimits, FailureThrottle, Window};
use crate::contract::ApiError;

const QUARTER_HOUR_MS: i64 = 15 * 60_000;
/// Sign-ins that failed, by account.
const SIGN_INS: FailureLimits = FailureLimits {
    per_address: Window {
        most: 50,
        length_ms: QUARTER_HOUR_MS,
    },
    per_subject: Window {
        most: 10,
        length_ms: QUARTER_HOUR_MS,
    },
    per_subject_total: 100,
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
/// The subject of attempts that are counted only by address.
const ANY: &str = "";

/// The throttles of everything that creates a session, an account or access for support.
#[derive(Debug)]
pub(crate) struct LoginThrottle {
    sign_ins: FailureThrottle,
    sign_ups: FailureThrottle,
    support_tokens: FailureThrottle,
}

impl Default for LoginThrottle {
    fn default() -> Self {
        Self {
            sign_ins: FailureThrottle::new(SIGN_INS),
            sign_ups: FailureThrottle::new(FailureLimits::by_address(SIGN_UPS)),
            support_tokens: FailureThrottle::new(FailureLimits::by_address(SUPPORT)),
        }
    }
}

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
        self.sign_ins.attempt(account, address, now_ms)
    }

    /// Clears the failures of the account, and takes this attempt back from the address.
    pub(crate) fn record_success(&self, address: IpAddr, account: &str) {
        self.sign_ins.record_success(account, address);
    }

    /// Takes back an attempt whose password was not checked.
    pub(crate) fn undo_attempt(&self, address: IpAddr, account: &str) {
        self.sign_ins.take_back(account, address);
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.sign_ups.attempt(ANY, address, now_ms)
    }

    /// Counts a wrong support token.
    pub(crate) fn wrong_support_token(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.support_tokens.attempt(ANY, address, now_ms)
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
        for _ in 0..SIGN_INS.per_subject.most {
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
        for n in 0..SIGN_INS.per_subject_total {
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
        for _ in 0..SIGN_INS.per_subject.most {
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
