//! When a dashboard session expires, and when its token is exchanged for a new one.
//!
//! Owns the periods and the decision. Never stores a session and never creates a token.

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A session expires this long after sign-in, in milliseconds: twelve hours.
pub const ABSOLUTE_MS: i64 = 12 * HOUR_MS;
/// A session expires after this long without use, in milliseconds: two hours.
pub const IDLE_MS: i64 = 2 * HOUR_MS;
/// A token of this age is exchanged at its next use, in milliseconds: one hour.
pub const RENEW_AFTER_MS: i64 = HOUR_MS;
/// How long an exchanged token remains valid after the first use of its successor, in milliseconds: one
/// minute. A page sends several requests at once with the old token. The period starts with that first
/// use, so a successor that never arrives does not end the session.
pub const GRACE_MS: i64 = MINUTE_MS;
/// The lifetime of an onboarding session, in milliseconds: seven days, because days may pass between its
/// steps.
pub const ONBOARDING_MS: i64 = 7 * 24 * HOUR_MS;
/// The shortest interval between two recorded uses of a session, in milliseconds.
const NOTE_EVERY_MS: i64 = MINUTE_MS;

/// The stored instants of a session token, in Unix epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// When the token was created.
    pub created_ms: i64,
    /// The last recorded use of the session.
    pub seen_ms: i64,
    /// When the token expires regardless of use.
    pub expires_ms: i64,
}

/// The status of a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// The token has expired, by age or by idle time.
    Expired,
    /// The token is valid.
    Active {
        /// Whether this use must be recorded.
        note: bool,
        /// Whether the token must be exchanged.
        renew: bool,
    },
}

/// Determines the status of a dashboard token at `now_ms` (Unix epoch milliseconds).
#[must_use]
pub fn judge(token: Token, now_ms: i64) -> SessionStatus {
    let idle_ms = now_ms - token.seen_ms;
    if now_ms >= token.expires_ms || idle_ms >= IDLE_MS {
        return SessionStatus::Expired;
    }
    // A token in its grace period already has a successor.
    let left_ms = token.expires_ms - now_ms;
    SessionStatus::Active {
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
    fn session_ends_by_age_or_idle_time() {
        let seen = |seen_ms| Token { seen_ms, ..FRESH };
        assert_eq!(judge(seen(0), IDLE_MS), SessionStatus::Expired);
        assert!(matches!(
            judge(seen(1), IDLE_MS),
            SessionStatus::Active { .. }
        ));
        assert_eq!(
            judge(seen(ABSOLUTE_MS - 1), ABSOLUTE_MS),
            SessionStatus::Expired
        );
    }

    #[test]
    fn use_is_recorded_each_minute_and_renewed_each_hour() {
        let alive = |now_ms, note, renew| {
            let token = Token {
                seen_ms: now_ms / 2,
                ..FRESH
            };
            assert_eq!(
                judge(token, now_ms),
                SessionStatus::Active { note, renew },
                "{now_ms}"
            );
        };
        alive(MINUTE_MS, false, false);
        alive(2 * MINUTE_MS, true, false);
        alive(HOUR_MS, true, true);
    }

    #[test]
    fn token_in_grace_period_is_not_renewed() {
        let token = Token {
            expires_ms: HOUR_MS + GRACE_MS,
            seen_ms: HOUR_MS,
            ..FRESH
        };
        assert_eq!(
            judge(token, HOUR_MS),
            SessionStatus::Active {
                note: false,
                renew: false
            }
        );
    }
}
