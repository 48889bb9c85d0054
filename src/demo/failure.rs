//! A step that did not hold, and patience with those that need time.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::narrator::Narrator;

/// How often a wait looks again. Slow enough to stay far below the standard tier's rate limit.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was expected of a step, and what came instead.
#[derive(Debug)]
pub(super) struct Failure {
    /// The step or the claim.
    pub(super) what: String,
    /// What should have come.
    pub(super) expected: String,
    /// What came.
    pub(super) came: String,
}

impl Failure {
    /// A claim that is not true.
    pub(super) fn new(
        what: impl Into<String>,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            expected: expected.into(),
            came: came.into(),
        }
    }

    /// Something that the demo itself needs did not work.
    pub(super) fn broken(what: impl Into<String>, error: impl Display) -> Self {
        Self::new(what, "to work", error.to_string())
    }
}

/// Says `what` if it is so, else fails with it.
pub(super) fn check(
    narrator: &Narrator,
    holds: bool,
    what: &str,
    expected: impl Into<String>,
    came: impl Into<String>,
) -> Result<(), Failure> {
    if holds {
        narrator.held(what);
        return Ok(());
    }
    Err(Failure::new(what, expected, came))
}

/// What one look at something unfinished saw.
pub(super) enum Look<T> {
    /// It is there.
    Done(T),
    /// How far it has come.
    NotYet(String),
}

/// Looks again and again, showing progress, until it is there or patience ends.
pub(super) async fn until<T>(
    narrator: &Narrator,
    expected: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        match look().await? {
            Look::Done(found) => return Ok(found),
            Look::NotYet(progress) if Instant::now() >= deadline => {
                let what = format!("waited {} s", patience.as_secs());
                return Err(Failure::new(what, expected, progress));
            }
            Look::NotYet(progress) => narrator.progress(&progress),
        }
        sleep(LOOK_EVERY).await;
    }
}
