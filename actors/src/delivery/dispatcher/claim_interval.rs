//! The pause between two claims of the Dispatcher.

use std::time::Duration;

use tokio::time::Instant;

/// Minimum pause between two claims. Rows that arrive during the pause share the next claim.
const CLAIM_PAUSE: Duration = Duration::from_millis(2);
/// Maximum pause. The pause is as long as the last claim took, so that a busy database gets fewer and larger claims.
const MAX_CLAIM_PAUSE: Duration = Duration::from_millis(20);

/// The timing of the last claim, from which follows when the next one may start.
#[derive(Debug, Default)]
pub(super) struct ClaimInterval {
    /// Start and end of the last claim.
    pub(super) last: Option<Instant>,
    pub(super) back: Option<Instant>,
    /// A claim is running or scheduled.
    pub(super) busy: bool,
}

impl ClaimInterval {
    /// The time to wait before the next claim; zero if it may start now.
    pub(super) fn pause(&self) -> Duration {
        let Some((last, back)) = self.last.zip(self.back) else {
            return Duration::ZERO;
        };
        let pause = (back - last).clamp(CLAIM_PAUSE, MAX_CLAIM_PAUSE);
        pause.saturating_sub(back.elapsed())
    }
}
