//! Throttles sign-ins, sign-ups and wrong support tokens.
//!
//! Owns the limits. It never checks a password or a token.

use std::net::IpAddr;

use crate::admission::{FailureLimits, FailureThrottle, SubjectLimits, Window};
use crate::contract::ApiError;

const QUARTER_HOUR_MS: i64 = 15 * 60_000;
/// Sign-ins that failed, by account.
const SIGN_INS: FailureLimits = FailureLimits {
    per_network: Window {
        max: 50,
        length_ms: QUARTER_HOUR_MS,
    },
    per_subject: Some(PER_ACCOUNT),
};
/// Failures of one account.
const PER_ACCOUNT: SubjectLimits = SubjectLimits {
    known_networks: Window {
        max: 10,
        length_ms: QUARTER_HOUR_MS,
    },
    all_networks: Some(MAX_PER_ACCOUNT),
};
const MAX_PER_ACCOUNT: u32 = 100;
/// Wrong support tokens. This bounds the audit entries.
const SUPPORT_TOKENS: FailureLimits = FailureLimits {
    per_network: Window {
        max: 10,
        length_ms: QUARTER_HOUR_MS,
    },
    per_subject: None,
};
/// Sign-ups.
const SIGN_UPS: FailureLimits = FailureLimits {
    per_network: Window {
        max: 5,
        length_ms: 3_600_000,
    },
    per_subject: None,
};
/// The subject of attempts that are counted only by network.
const NO_SUBJECT: &str = "";

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
            sign_ups: FailureThrottle::new(SIGN_UPS),
            support_tokens: FailureThrottle::new(SUPPORT_TOKENS),
        }
    }
}

impl LoginThrottle {
    /// Counts a sign-in before its password is checked, so that concurrent guesses count as well.
    /// [`LoginThrottle::record_success`] and [`LoginThrottle::take_back`] take the count back.
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
    pub(crate) fn take_back(&self, address: IpAddr, account: &str) {
        self.sign_ins.take_back(account, address);
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.sign_ups.attempt(NO_SUBJECT, address, now_ms)
    }

    /// Counts a wrong support token.
    pub(crate) fn wrong_support_token(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.support_tokens.attempt(NO_SUBJECT, address, now_ms)
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
        for _ in 0..PER_ACCOUNT.known_networks.max {
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
        for n in 0..MAX_PER_ACCOUNT {
            assert_eq!(logins.sign_in(guesser(n), "a@b.c", 0), Ok(()), "{n}");
        }
        let retry_after_s = 900;
        let refused = Err(ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(logins.sign_in(HERE, "a@b.c", 0), refused);
        logins.take_back(guesser(0), "a@b.c");
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
        for _ in 0..PER_ACCOUNT.known_networks.max {
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
        assert_eq!(logins.sign_up(HERE, SIGN_UPS.per_network.length_ms), Ok(()));
    }
}
