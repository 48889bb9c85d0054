//! Polling for a condition.

use std::time::{Duration, Instant};

/// Longer than any successful wait takes. Only a failing test reaches it.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Polls `ask` every 20 ms until it returns `Some`. Fails the test after [`TIMEOUT`].
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
