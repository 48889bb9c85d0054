//! Failed checks, and polling for results that take time.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::narrator::Narrator;

/// The interval between two polls. It stays far below the standard tier's rate limit.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A failed step with its expected and actual values.
#[derive(Debug)]
pub(super) struct Failure {
    /// The step or the statement that was checked.
    pub(super) what: String,
    /// The expected value.
    pub(super) expected: String,
    /// The actual value.
    pub(super) came: String,
}

impl Failure {
    /// A statement that is not true.
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

    /// An error in something that the demo itself needs.
    pub(super) fn broken(what: impl Into<String>, error: impl Display) -> Self {
        Self::new(what, "success", error.to_string())
    }
}

/// The result of one poll.
pub(super) enum Poll<T> {
    /// The awaited result.
    Done(T),
    /// The progress so far.
    NotYet(String),
}

/// Polls `look` and prints its progress until it is done or `limit` has passed.
pub(super) async fn until<T>(
    narrator: &Narrator,
    expected: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Poll<T>, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + limit;
    loop {
        match look().await? {
            Poll::Done(found) => return Ok(found),
            Poll::NotYet(progress) if Instant::now() >= deadline => {
                let what = format!("waited {} s", limit.as_secs());
                return Err(Failure::new(what, expected, progress));
            }
            Poll::NotYet(progress) => narrator.progress(&progress),
        }
        sleep(POLL_INTERVAL).await;
    }
}
