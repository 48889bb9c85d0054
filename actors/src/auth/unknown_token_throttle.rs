//! Throttles lookups of session and onboarding tokens that are unknown to this process.
//!
//! Made-up tokens must not take the database connections that callers with real tokens need. A token
//! that was found once is known; only its row tells whether it is still valid. Few unknown tokens are
//! looked up at a time. Tokens that were not found are kept in memory, and addresses that send them
//! must wait, as in [`KeyGuessThrottle`]. The throttle never reads the database.

use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::admission::{BoundedCache, KeyGuessThrottle};
use crate::cluster::NodeCount;
use crate::contract::ApiError;

/// SHA-256 of a token.
type Digest = [u8; 32];

/// Maximum number of known tokens kept in memory.
const MAX_KNOWN: usize = 65_536;
/// Maximum number of concurrent lookups. The read pool has more connections.
const MAX_LOOKUPS: usize = 3;
/// How long a lookup waits for its permit.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Known tokens, failure counts of callers, and permits for lookups.
#[derive(Debug)]
pub(crate) struct UnknownTokenThrottle {
    known: BoundedCache<Digest, (), MAX_KNOWN>,
    guesses: KeyGuessThrottle,
    lookup_permits: Semaphore,
}

/// What is known of a token before its row is read.
#[derive(Debug)]
pub(crate) enum TokenLookup<'a> {
    /// The token was found before.
    Known,
    /// The token is unknown. The caller may look it up while it holds the permit, and must report the
    /// result with [`UnknownTokenThrottle::record_lookup`].
    Unknown(SemaphorePermit<'a>),
    /// The token was not found a short time ago.
    Nobody,
}

impl UnknownTokenThrottle {
    /// Creates a throttle that knows no token, with limits that are divided among `nodes`.
    pub(crate) fn new(nodes: NodeCount) -> Self {
        Self {
            known: BoundedCache::default(),
            guesses: KeyGuessThrottle::new(nodes),
            lookup_permits: Semaphore::new(MAX_LOOKUPS),
        }
    }

    /// Checks a token before its row is read. Waits for a permit if the token is unknown.
    ///
    /// # Errors
    /// [`ApiError::TooManyAttempts`] for an address that sends made-up tokens,
    /// [`ApiError::Overloaded`] if no permit is free in time.
    pub(crate) async fn meet(
        &self,
        token: &Digest,
        client: IpAddr,
        now_ms: i64,
    ) -> Result<TokenLookup<'_>, ApiError> {
        if self.known.read(token, |()| ()).is_some() {
            return Ok(TokenLookup::Known);
        }
        if self.guesses.was_refused(token, now_ms) {
            return Ok(TokenLookup::Nobody);
        }
        self.guesses
            .check_caller(&counter_prefix(token), client, now_ms)?;
        let permit = tokio::time::timeout(TIMEOUT, self.lookup_permits.acquire()).await;
        let permit = permit.map_err(|_| ApiError::Overloaded)?;
        permit
            .map(TokenLookup::Unknown)
            .map_err(|_| ApiError::ShuttingDown)
    }

    /// Records the result of a lookup. A known token that is no longer found does not count as a guess.
    pub(crate) fn record_lookup(&self, token: &Digest, found: bool, client: IpAddr, now_ms: i64) {
        if found {
            self.mark_known(token);
        } else if self.known.pop(token).is_none() {
            self.guesses
                .refused(token, &counter_prefix(token), client, now_ms);
        }
    }

    /// Marks a token as known, because this process has created or found it.
    pub(crate) fn mark_known(&self, token: &Digest) {
        self.known.put(*token, ());
    }
}

/// The prefix under which guesses are counted. Tokens share no prefix, so each has its own.
fn counter_prefix(token: &Digest) -> String {
    hex::encode(&token[..8])
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const REAL: Digest = [1; 32];

    fn made_up(n: u8) -> Digest {
        [n; 32]
    }

    #[tokio::test]
    async fn address_sending_made_up_tokens_waits_except_with_known_token() {
        let throttle = UnknownTokenThrottle::new(NodeCount::default());
        assert!(matches!(
            throttle.meet(&REAL, HERE, 0).await,
            Ok(TokenLookup::Unknown(_))
        ));
        throttle.record_lookup(&REAL, true, HERE, 0);
        for n in 100..130 {
            assert!(matches!(
                throttle.meet(&made_up(n), HERE, 0).await,
                Ok(TokenLookup::Unknown(_))
            ));
            throttle.record_lookup(&made_up(n), false, HERE, 0);
        }
        let refused = throttle.meet(&made_up(200), HERE, 1).await;
        assert!(matches!(refused, Err(ApiError::TooManyAttempts { .. })));
        assert!(matches!(
            throttle.meet(&made_up(100), HERE, 1).await,
            Ok(TokenLookup::Nobody)
        ));
        assert!(matches!(
            throttle.meet(&REAL, HERE, 1).await,
            Ok(TokenLookup::Known)
        ));
        throttle.record_lookup(&REAL, false, HERE, 1);
        let refused = throttle.meet(&REAL, HERE, 1).await;
        assert!(
            matches!(refused, Err(ApiError::TooManyAttempts { .. })),
            "the session has ended, so its token is unknown"
        );
        let fresh = made_up(201);
        throttle.mark_known(&fresh);
        assert!(matches!(
            throttle.meet(&fresh, HERE, 1).await,
            Ok(TokenLookup::Known)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn excess_token_lookup_waits_for_a_permit() {
        let throttle = UnknownTokenThrottle::new(NodeCount::default());
        let mut lookup_permits = Vec::new();
        for n in 0..MAX_LOOKUPS {
            let token = made_up(u8::try_from(n).unwrap());
            lookup_permits.push(throttle.meet(&token, HERE, 0).await.unwrap());
        }
        let one_more = throttle.meet(&made_up(99), HERE, 0).await;
        assert_eq!(one_more.unwrap_err(), ApiError::Overloaded);
        lookup_permits.pop();
        assert!(throttle.meet(&made_up(99), HERE, 0).await.is_ok());
    }
}
