//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Longer than anything that works ever takes; only a failing test waits for it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks until the answer is `Some`, or fails the test.
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
