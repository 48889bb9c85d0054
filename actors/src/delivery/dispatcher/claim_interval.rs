//! How often the Dispatcher claims.

use std::time::Duration;

use tokio::time::Instant;

/// From one claim to the next, at least: what arrives in between shares it.
const CLAIM_PAUSE: Duration = Duration::from_millis(2);
/// Otherwise as long as the last one took, up to this: a database that is busy is asked less often, for more.
const MAX_CLAIM_PAUSE: Duration = Duration::from_millis(20);

/// When the next claim may begin.
#[derive(Debug, Default)]
pub(super) struct ClaimInterval {
    /// When the last claim began, and when it was back.
    pub(super) last: Option<Instant>,
    pub(super) back: Option<Instant>,
    /// A claim is out, or a Claim is on its way.
    pub(super) busy: bool,
}

impl ClaimInterval {
    pub(super) fn pause(&self) -> Duration {
        let Some((last, back)) = self.last.zip(self.back) else {
            return Duration::ZERO;
        };
        let pause = (back - last).clamp(CLAIM_PAUSE, MAX_CLAIM_PAUSE);
        pause.saturating_sub(back.elapsed())
    }
}
