//! Graceful shutdown without losing data.
//!
//! ```text
//!  reject   new requests get 503 shutting_down and Connection: close; the listener stays open for a moment, because
//!           callers retry a 503 but not a refused connection
//!  finish   the listener closes; requests in flight run to completion
//!  drain    writers commit; webhook sends in flight complete
//! ```
//!
//! No webhook send begins after the signal. All steps together take at most 25 seconds, less than the 30 seconds after
//! which most process managers kill. A second signal ends the process at once.

use std::time::Duration;

use actors::PartnerApi;
use tokio::signal::unix::{SignalKind, signal as unix_signal};
use tokio::time::Instant;

use crate::accept_loop::Serving;
use crate::app_state::Draining;

/// How long the listener stays open to answer new requests with 503.
const LINGER: Duration = Duration::from_millis(500);
/// The timeout of the finish step. A change is answered within five seconds; the rest is for slow uploads.
const FINISH_TIMEOUT: Duration = Duration::from_secs(8);
/// The time from the signal to the end of the drain step. What follows, to leave the cluster and to close the database,
/// takes up to four seconds more.
const DRAINED_AFTER: Duration = Duration::from_secs(20);
/// The timeout of the drain step of a server that never listened.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// The exit code of an interrupted process: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Completes at the next SIGTERM or SIGINT.
pub(crate) async fn signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        unix_signal(SignalKind::terminate()),
        unix_signal(SignalKind::interrupt()),
    ) else {
        tracing::error!(
            "signal handlers cannot be installed; the process will not shut down gracefully"
        );
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Ends the process at the next signal. Committed data is not lost.
pub(crate) fn exit_on_next_signal() {
    tokio::spawn(async {
        signal().await;
        std::process::exit(INTERRUPTED);
    });
}

/// Runs the three steps.
pub(crate) async fn leave(draining: Draining, serving: Serving, api: &PartnerApi) {
    let drained_at = Instant::now() + DRAINED_AFTER;
    draining.begin();
    api.stop_sending();
    tokio::time::sleep(LINGER).await;
    if !serving.finish(FINISH_TIMEOUT).await {
        tracing::warn!("requests were still in flight when the shutdown timeout expired");
    }
    let left = drained_at.saturating_duration_since(Instant::now());
    api.drain(left).await;
    tracing::info!("shutdown complete");
}
