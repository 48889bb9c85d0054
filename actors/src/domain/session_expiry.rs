//! How long a dashboard session lives, and when its token is exchanged for a new one.

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A session ends twelve hours after the sign-in, whatever happens.
pub const ABSOLUTE_MS: i64 = 12 * HOUR_MS;
/// A session ends after two hours in which nobody used it.
pub const IDLE_MS: i64 = 2 * HOUR_MS;
/// A token that is older is exchanged at its next use.
pub const RENEW_AFTER_MS: i64 = HOUR_MS;
/// How long an exchanged token goes on working after its successor was used for the first time: a
/// page sends several requests at once. A successor that got lost on its way ends nothing.
pub const GRACE_MS: i64 = MINUTE_MS;
/// Onboarding may take a week, with days between its steps.
pub const ONBOARDING_MS: i64 = 7 * 24 * HOUR_MS;
/// A use is noted when the last noted one is older.
const NOTE_EVERY_MS: i64 = MINUTE_MS;

/// What is known of a token, epoch ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// When it was made.
    pub created_ms: i64,
    /// When its session was last noted to be used.
    pub seen_ms: i64,
    /// Its absolute end.
    pub expires_ms: i64,
}

/// What a token is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It has ended, by age or because nobody used it.
    Over,
    /// It lives.
    Alive {
        /// This use is to be noted.
        note: bool,
        /// It is old enough to be exchanged.
        renew: bool,
    },
}

/// Judges a dashboard token at `now_ms`.
#[must_use]
pub fn judge(token: Token, now_ms: i64) -> Life {
    let idle_ms = now_ms - token.seen_ms;
    if now_ms >= token.expires_ms || idle_ms >= IDLE_MS {
        return Life::Over;
    }
    // A token in its grace has a successor already.
    let left_ms = token.expires_ms - now_ms;
    Life::Alive {
        note: idle_ms >= NOTE_EVERY_MS,
        renew: now_ms - token.created_ms >= RENEW_AFTER_MS && left_ms > GRACE_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Token = Token {
        created_ms: 0,
        seen_ms: 0,
        expires_ms: ABSOLUTE_MS,
    };

    #[test]
    fn it_ends_by_age_and_by_idleness() {
        let seen = |seen_ms| Token { seen_ms, ..FRESH };
        assert_eq!(judge(seen(0), IDLE_MS), Life::Over);
        assert!(matches!(judge(seen(1), IDLE_MS), Life::Alive { .. }));
        assert_eq!(judge(seen(ABSOLUTE_MS - 1), ABSOLUTE_MS), Life::Over);
    }

    #[test]
    fn it_is_noted_once_a_minute_and_renewed_after_an_hour() {
        let alive = |now_ms, note, renew| {
            let token = Token {
                seen_ms: now_ms / 2,
                ..FRESH
            };
            assert_eq!(
                judge(token, now_ms),
                Life::Alive { note, renew },
                "{now_ms}"
            );
        };
        alive(MINUTE_MS, false, false);
        alive(2 * MINUTE_MS, true, false);
        alive(HOUR_MS, true, true);
    }

    #[test]
    fn a_token_in_its_grace_is_not_renewed_again() {
        let token = Token {
            expires_ms: HOUR_MS + GRACE_MS,
            seen_ms: HOUR_MS,
            ..FRESH
        };
        assert_eq!(
            judge(token, HOUR_MS),
            Life::Alive {
                note: false,
                renew: false
            }
        );
    }
}
