//! Leaving without losing anything.
//!
//! ```text
//!  turn away   new requests get 503 shutting_down and Connection: close; the listener stays open for a moment, because
//!              callers retry a 503 but never a refused connection
//!  finish      the listener closes; requests in flight go on to their end
//!  drain       writers commit, sends in flight complete
//! ```
//!
//! Each step is bounded; a second signal ends the process at once.

use std::time::Duration;

use actors::PartnerApi;
use tokio::signal::unix::{SignalKind, signal as unix_signal};

use crate::accept_loop::Serving;
use crate::app_state::Draining;

/// How long the door stays open to say that it is closing.
const LINGER: Duration = Duration::from_millis(500);
/// Above the longest that a request may wait (25 s for its own duplicate).
const FINISH_TIMEOUT: Duration = Duration::from_secs(30);
/// Above the default delivery timeout.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// What a shell reports for a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Completes at the next SIGTERM or SIGINT.
pub(crate) async fn signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        unix_signal(SignalKind::terminate()),
        unix_signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be listened to; only a kill will end this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// For whoever has no patience: nothing that was committed is lost by it.
pub(crate) fn exit_on_next_signal() {
    tokio::spawn(async {
        signal().await;
        std::process::exit(INTERRUPTED);
    });
}

/// The three steps.
pub(crate) async fn leave(draining: Draining, serving: Serving, api: &PartnerApi) {
    draining.begin();
    tokio::time::sleep(LINGER).await;
    if !serving.finish(FINISH_TIMEOUT).await {
        tracing::warn!("requests were still in flight when the patience ended");
    }
    api.drain(DRAIN_TIMEOUT).await;
    tracing::info!("left");
}
