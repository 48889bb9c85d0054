//! Throttles sign-ins, sign-ups and wrong support tokens.
//!
//! Owns the limits. It never checks a password or a token.

use crate::admission::{FailureLimits, FailureThrottle, SubjectLimits, Window};
use crate::cluster::NodeCount;

const QUARTER_HOUR_MS: i64 = 15 * 60_000;
/// Sign-ins that failed, by account.
const SIGN_INS: FailureLimits = FailureLimits {
    per_network: Window::new(50, QUARTER_HOUR_MS),
    per_subject: Some(PER_ACCOUNT),
};
/// Failures of one account.
const PER_ACCOUNT: SubjectLimits = SubjectLimits {
    known_networks: Window::new(10, QUARTER_HOUR_MS),
    all_networks: Some(MAX_PER_ACCOUNT),
};
const MAX_PER_ACCOUNT: u32 = 100;
/// Wrong support tokens. This bounds the audit entries.
const SUPPORT_TOKENS: FailureLimits = FailureLimits {
    per_network: Window::new(10, QUARTER_HOUR_MS),
    per_subject: None,
};
/// Sign-ups.
const SIGN_UPS: FailureLimits = FailureLimits {
    per_network: Window::new(5, 3_600_000),
    per_subject: None,
};

/// The throttles of everything that creates a session, an account or access for support.
#[derive(Debug)]
pub(crate) struct LoginThrottle {
    /// The subject is the account. A sign-in counts before its password is checked, so that concurrent guesses count as
    /// well.
    pub(super) sign_ins: FailureThrottle,
    pub(super) sign_ups: FailureThrottle,
    /// Counts wrong support tokens.
    pub(super) support_tokens: FailureThrottle,
}

impl LoginThrottle {
    /// Creates throttles without failures, with limits that are divided among `nodes`.
    pub(crate) fn new(nodes: &NodeCount) -> Self {
        let throttle = |limits| FailureThrottle::new(limits, nodes.clone());
        Self {
            sign_ins: throttle(SIGN_INS),
            sign_ups: throttle(SIGN_UPS),
            support_tokens: throttle(SUPPORT_TOKENS),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::contract::ApiError;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn account_waits_after_ten_failures_until_window_ends() {
        let logins = LoginThrottle::new(&NodeCount::default());
        for _ in 0..PER_ACCOUNT.known_networks.max {
            assert_eq!(logins.sign_ins.attempt(Some("a@b.c"), HERE, 1_000), Ok(()));
        }
        let refused = logins
            .sign_ins
            .attempt(Some("a@b.c"), HERE, 61_000)
            .unwrap_err();
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s: 840 });
        assert_eq!(
            logins.sign_ins.attempt(Some("other@b.c"), HERE, 61_000),
            Ok(())
        );
        assert_eq!(
            logins
                .sign_ins
                .attempt(Some("a@b.c"), HERE, 1_000 + QUARTER_HOUR_MS),
            Ok(())
        );
    }

    #[test]
    fn account_total_limits_sign_ins_from_new_addresses() {
        let (logins, guesser) = (LoginThrottle::new(&NodeCount::default()), |n: u32| {
            IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n))
        });
        for n in 0..MAX_PER_ACCOUNT {
            assert_eq!(
                logins.sign_ins.attempt(Some("a@b.c"), guesser(n), 0),
                Ok(()),
                "{n}"
            );
        }
        let retry_after_s = 900;
        let refused = Err(ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(logins.sign_ins.attempt(Some("a@b.c"), HERE, 0), refused);
        logins.sign_ins.take_back(Some("a@b.c"), guesser(0));
        assert_eq!(
            logins.sign_ins.attempt(Some("a@b.c"), HERE, 0),
            Ok(()),
            "one attempt was taken back"
        );
        assert_eq!(logins.sign_ins.attempt(Some("a@b.c"), HERE, 0), refused);
    }

    #[test]
    fn successful_sign_in_clears_failures_of_account() {
        let logins = LoginThrottle::new(&NodeCount::default());
        for _ in 0..PER_ACCOUNT.known_networks.max {
            logins.sign_ins.attempt(Some("a@b.c"), HERE, 0).unwrap();
        }
        logins.sign_ins.record_success(Some("a@b.c"), HERE);
        assert_eq!(logins.sign_ins.attempt(Some("a@b.c"), HERE, 1), Ok(()));
    }

    #[test]
    fn sixth_sign_up_within_an_hour_is_refused() {
        let logins = LoginThrottle::new(&NodeCount::default());
        for _ in 0..5 {
            logins.sign_ups.attempt(None, HERE, 0).unwrap();
        }
        let refused = logins.sign_ups.attempt(None, HERE, 1_000).unwrap_err();
        let retry_after_s = 3_599;
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s });
        assert_eq!(
            logins
                .sign_ups
                .attempt(None, HERE, SIGN_UPS.per_network.length_ms),
            Ok(())
        );
    }
}
