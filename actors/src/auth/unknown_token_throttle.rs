//! Bearer tokens of sessions_bucket that this process has not met: made-up ones must not take the connections of those who have real
//! ones.
//!
//! A token that was found once is known, and only its row says whether it still lives. Of all others few are looked up at a
//! time, what was not found is remembered, and who brings such has to wait, as with keys ([`super::key_guesses`]).

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::admission::KeyGuessThrottle;
use crate::contract::ApiError;

/// SHA-256 of a token.
type Digest = [u8; 32];

/// Tokens that are remembered.
const MAX_KNOWN: usize = 65_536;
/// Tokens that are looked up at the same time: fewer than the read pool has connections.
const MAX_LOOKUPS: usize = 3;
/// How long one waits for its turn.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Which tokens were met, and who brings made-up ones.
#[derive(Debug)]
pub(crate) struct UnknownTokenThrottle {
    known: Mutex<LruCache<Digest, ()>>,
    key_guesses: KeyGuessThrottle,
    turns: Semaphore,
}

/// What is known of a token before its row is read.
#[derive(Debug)]
pub(crate) enum TokenLookup<'a> {
    /// It was real when it came last.
    Known,
    /// Nothing: it may be looked up while the turn is held, and [`UnknownTokenThrottle::was_found`] wants to hear of it.
    Stranger(SemaphorePermit<'a>),
    /// It was looked up a moment ago, and was nobody's.
    Nobody,
}

impl Default for UnknownTokenThrottle {
    fn default() -> Self {
        Self {
            // Bounded where it is filled, so that nothing is reserved for what may never come.
            known: Mutex::new(LruCache::unbounded()),
            key_guesses: KeyGuessThrottle::default(),
            turns: Semaphore::new(MAX_LOOKUPS),
        }
    }
}

impl UnknownTokenThrottle {
    /// # Errors
    /// [`ApiError::TooManyAttempts`] for an address that makes tokens up, [`ApiError::Overloaded`] when there is no turn in
    /// time.
    pub(crate) async fn meet(
        &self,
        token: &Digest,
        client: IpAddr,
        now_ms: i64,
    ) -> Result<TokenLookup<'_>, ApiError> {
        if self.known().get(token).is_some() {
            return Ok(TokenLookup::Known);
        }
        if self.key_guesses.was_refused(token, now_ms) {
            return Ok(TokenLookup::Nobody);
        }
        self.key_guesses.may_guess(&name(token), client, now_ms)?;
        let turn = tokio::time::timeout(TIMEOUT, self.turns.acquire()).await;
        let turn = turn.map_err(|_| ApiError::Overloaded)?;
        turn.map(TokenLookup::Stranger)
            .map_err(|_| ApiError::ShuttingDown)
    }

    /// What the look-up of a stranger has brought, or that a known token is gone, which is no guess.
    pub(crate) fn was_found(&self, token: &Digest, found: bool, client: IpAddr, now_ms: i64) {
        if found {
            self.introduce(token);
        } else if self.known().pop(token).is_none() {
            self.key_guesses
                .refused(token, &name(token), client, now_ms);
        }
    }

    /// A token that this process has made, or found.
    pub(crate) fn introduce(&self, token: &Digest) {
        let mut known = self.known();
        known.put(*token, ());
        if known.len() > MAX_KNOWN {
            known.pop_lru();
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, LruCache<Digest, ()>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokens have no prefix that several key_guesses could share: each stands for itself.
fn name(token: &Digest) -> String {
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
    async fn who_makes_tokens_up_waits_and_who_has_a_real_one_does_not() {
        let strangers = UnknownTokenThrottle::default();
        assert!(matches!(
            strangers.meet(&REAL, HERE, 0).await,
            Ok(TokenLookup::Stranger(_))
        ));
        strangers.was_found(&REAL, true, HERE, 0);
        for n in 100..130 {
            assert!(matches!(
                strangers.meet(&made_up(n), HERE, 0).await,
                Ok(TokenLookup::Stranger(_))
            ));
            strangers.was_found(&made_up(n), false, HERE, 0);
        }
        let refused = strangers.meet(&made_up(200), HERE, 1).await;
        assert!(matches!(refused, Err(ApiError::TooManyAttempts { .. })));
        assert!(matches!(
            strangers.meet(&made_up(100), HERE, 1).await,
            Ok(TokenLookup::Nobody)
        ));
        assert!(matches!(
            strangers.meet(&REAL, HERE, 1).await,
            Ok(TokenLookup::Known)
        ));
        strangers.was_found(&REAL, false, HERE, 1);
        let refused = strangers.meet(&REAL, HERE, 1).await;
        assert!(
            matches!(refused, Err(ApiError::TooManyAttempts { .. })),
            "its session was ended"
        );
        let fresh = made_up(201);
        strangers.introduce(&fresh);
        assert!(matches!(
            strangers.meet(&fresh, HERE, 1).await,
            Ok(TokenLookup::Known)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_looked_up_at_a_time() {
        let strangers = UnknownTokenThrottle::default();
        let mut turns = Vec::new();
        for n in 0..MAX_LOOKUPS {
            let token = made_up(u8::try_from(n).unwrap());
            turns.push(strangers.meet(&token, HERE, 0).await.unwrap());
        }
        let one_more = strangers.meet(&made_up(99), HERE, 0).await;
        assert_eq!(one_more.unwrap_err(), ApiError::Overloaded);
        turns.pop();
        assert!(strangers.meet(&made_up(99), HERE, 0).await.is_ok());
    }
}
