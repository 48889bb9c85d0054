//! Failed sign-ins: after a few, the account and the address have to wait.
//!
//! A fixed number of buckets, so that made-up addresses cannot grow it: when it is full, the
//! oldest entries make room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::api::error::ApiError;

/// Failures of one account or address within [`WINDOW_MS`] before it has to wait.
const PER_ACCOUNT: u32 = 10;
const PER_ADDRESS: u32 = 50;
const WINDOW_MS: i64 = 15 * 60_000;
const MOST_ENTRIES: usize = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    since_ms: i64,
    count: u32,
}

/// Who has failed how often.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Who, Failures>>);

impl Attempts {
    /// Refuses whoever has failed too often.
    pub(crate) fn check(
        &self,
        address: IpAddr,
        account: &str,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, most) in [
            (Who::Account(account.to_owned()), PER_ACCOUNT),
            (Who::Address(address), PER_ADDRESS),
        ] {
            if let Some(seen) = failures.get(&who)
                && seen.count >= most
                && now_ms < seen.since_ms + WINDOW_MS
            {
                let wait_ms = u64::try_from(seen.since_ms + WINDOW_MS - now_ms).unwrap_or_default();
                return Err(ApiError::TooManyAttempts {
                    retry_after_s: wait_ms.div_ceil(1_000).max(1),
                });
            }
        }
        Ok(())
    }

    /// One more failure.
    pub(crate) fn failed(&self, address: IpAddr, account: &str, now_ms: i64) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() + 2 > MOST_ENTRIES {
            failures.retain(|_, seen| now_ms < seen.since_ms + WINDOW_MS);
        }
        if failures.len() + 2 > MOST_ENTRIES {
            failures.clear();
        }
        for who in [Who::Account(account.to_owned()), Who::Address(address)] {
            let seen = failures.entry(who).or_insert(Failures {
                since_ms: now_ms,
                count: 0,
            });
            if now_ms >= seen.since_ms + WINDOW_MS {
                *seen = Failures {
                    since_ms: now_ms,
                    count: 0,
                };
            }
            seen.count += 1;
        }
    }

    /// The account's own failures are forgiven; the address keeps its.
    pub(crate) fn succeeded(&self, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&Who::Account(account.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn an_account_waits_after_ten_failures_and_until_the_window_is_over() {
        let attempts = Attempts::default();
        for _ in 0..PER_ACCOUNT {
            assert_eq!(attempts.check(HERE, "a@b.c", 1_000), Ok(()));
            attempts.failed(HERE, "a@b.c", 1_000);
        }
        let refused = attempts.check(HERE, "a@b.c", 61_000).unwrap_err();
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s: 840 });
        assert_eq!(attempts.check(HERE, "other@b.c", 61_000), Ok(()));
        assert_eq!(attempts.check(HERE, "a@b.c", 1_000 + WINDOW_MS), Ok(()));
    }

    #[test]
    fn success_forgives_the_account() {
        let attempts = Attempts::default();
        (0..PER_ACCOUNT).for_each(|_| attempts.failed(HERE, "a@b.c", 0));
        attempts.succeeded("a@b.c");
        assert_eq!(attempts.check(HERE, "a@b.c", 1), Ok(()));
    }
}
