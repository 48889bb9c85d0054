//! Graceful shutdown without losing data.
//!
//! ```text
//!  reject   new requests get 503 shutting_down and Connection: close; the listener stays open for a moment, because
//!           callers retry a 503 but not a refused connection
//!  finish   the listener closes; requests in flight run to completion
//!  drain    writers commit; webhook sends in flight complete
//! ```
//!
//! Each step has a timeout. A second signal ends the process at once.

use std::time::Duration;

use actors::PartnerApi;
use tokio::signal::unix::{SignalKind, signal as unix_signal};

use crate::accept_loop::Serving;
use crate::app_state::Draining;

/// How long the listener stays open to answer new requests with 503.
const LINGER: Duration = Duration::from_millis(500);
/// The timeout of the finish step. Longer than the longest wait of a request: 25 s for its own duplicate.
const FINISH_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of the drain step. Longer than the default delivery timeout.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
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
    draining.begin();
    tokio::time::sleep(LINGER).await;
    if !serving.finish(FINISH_TIMEOUT).await {
        tracing::warn!("requests were still in flight when the shutdown timeout expired");
    }
    api.drain(DRAIN_TIMEOUT).await;
    tracing::info!("shutdown complete");
}
