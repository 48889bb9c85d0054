//! Failed sign-ins and sign-ups: after a few, the account and the address have to wait.
//!
//! A fixed number of buckets, so that made-up addresses cannot grow it: when it is full, the
//! oldest entries make room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::api::error::ApiError;

/// Failures of one account or address within [`SIGN_IN_WINDOW_MS`] before it has to wait.
const PER_ACCOUNT: u32 = 10;
const PER_ADDRESS: u32 = 50;
const SIGN_IN_WINDOW_MS: i64 = 15 * 60_000;
/// Sign-ups from one address within [`SIGN_UP_WINDOW_MS`].
const SIGN_UPS: u32 = 5;
const SIGN_UP_WINDOW_MS: i64 = 3_600_000;
const MOST_ENTRIES: usize = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(String),
    Address(IpAddr),
    Newcomer(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    since_ms: i64,
    count: u32,
}

/// Who has tried how often.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Who, Failures>>);

impl Attempts {
    /// Counts a sign-in before its password is looked at, so that guesses made at the same time
    /// count as well; [`Attempts::succeeded`] takes it back.
    pub(crate) fn sign_in(
        &self,
        address: IpAddr,
        account: &str,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let account = (
            Who::Account(account.to_owned()),
            PER_ACCOUNT,
            SIGN_IN_WINDOW_MS,
        );
        let address = (Who::Address(address), PER_ADDRESS, SIGN_IN_WINDOW_MS);
        self.count(&[account, address], now_ms)
    }

    /// Counts a sign-up.
    pub(crate) fn sign_up(&self, address: IpAddr, now_ms: i64) -> Result<(), ApiError> {
        self.count(
            &[(Who::Newcomer(address), SIGN_UPS, SIGN_UP_WINDOW_MS)],
            now_ms,
        )
    }

    /// The account's own failures are forgiven; the address gets this attempt back.
    pub(crate) fn succeeded(&self, address: IpAddr, account: &str) {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.remove(&Who::Account(account.to_owned()));
        if let Some(seen) = tried.get_mut(&Who::Address(address)) {
            seen.count = seen.count.saturating_sub(1);
        }
    }

    /// Counts one attempt for each, or refuses without counting.
    fn count(&self, whom: &[(Who, u32, i64)], now_ms: i64) -> Result<(), ApiError> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, most, window_ms) in whom {
            let end_ms = |seen: &Failures| seen.since_ms + window_ms;
            if let Some(seen) = tried.get(who)
                && seen.count >= *most
                && now_ms < end_ms(seen)
            {
                let wait_ms = u64::try_from(end_ms(seen) - now_ms).unwrap_or_default();
                let retry_after_s = wait_ms.div_ceil(1_000).max(1);
                return Err(ApiError::TooManyAttempts { retry_after_s });
            }
        }
        make_room(&mut tried, whom.len());
        for (who, _, window_ms) in whom {
            let fresh = Failures {
                since_ms: now_ms,
                count: 0,
            };
            let seen = tried.entry(who.clone()).or_insert(fresh);
            if now_ms >= seen.since_ms + window_ms {
                *seen = fresh;
            }
            seen.count += 1;
        }
        Ok(())
    }
}

/// When it is full, the older half makes room: whoever began to fail most recently stays counted.
fn make_room(tried: &mut HashMap<Who, Failures>, wanted: usize) {
    if tried.len() + wanted <= MOST_ENTRIES {
        return;
    }
    let mut since: Vec<i64> = tried.values().map(|seen| seen.since_ms).collect();
    let middle = since.len() / 2;
    let (_, median, _) = since.select_nth_unstable(middle);
    let median = *median;
    tried.retain(|_, seen| seen.since_ms > median);
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
            assert_eq!(attempts.sign_in(HERE, "a@b.c", 1_000), Ok(()));
        }
        let refused = attempts.sign_in(HERE, "a@b.c", 61_000).unwrap_err();
        assert_eq!(refused, ApiError::TooManyAttempts { retry_after_s: 840 });
        assert_eq!(attempts.sign_in(HERE, "other@b.c", 61_000), Ok(()));
        assert_eq!(
            attempts.sign_in(HERE, "a@b.c", 1_000 + SIGN_IN_WINDOW_MS),
            Ok(())
        );
    }

    #[test]
    fn success_forgives_the_account() {
        let attempts = Attempts::default();
        for _ in 0..PER_ACCOUNT {
            attempts.sign_in(HERE, "a@b.c", 0).unwrap();
        }
        attempts.succeeded(HERE, "a@b.c");
        assert_eq!(attempts.sign_in(HERE, "a@b.c", 1), Ok(()));
    }

    #[test]
    fn five_sign_ups_an_hour() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.sign_up(HERE, 0).unwrap();
        }
        let refused = attempts.sign_up(HERE, 1_000).unwrap_err();
        assert_eq!(
            refused,
            ApiError::TooManyAttempts {
                retry_after_s: 3_599
            }
        );
        assert_eq!(attempts.sign_up(HERE, SIGN_UP_WINDOW_MS), Ok(()));
    }

    #[test]
    fn it_stays_bounded_and_keeps_the_recent_ones() {
        let attempts = Attempts::default();
        for n in 0..60_000 {
            attempts
                .sign_in(HERE, &format!("{n}@b.c"), i64::from(n) * 60_000)
                .ok();
        }
        let tried = attempts.0.lock().unwrap();
        assert!(tried.len() <= MOST_ENTRIES);
        assert!(tried.contains_key(&Who::Account("59999@b.c".to_owned())));
    }
}
