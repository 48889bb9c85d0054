//! Hands completed leases to the Completer, both for sent and for unsent rows.

use std::time::Duration;

use super::completed_lease::CompletedLease;
use super::messages::CompleterMsg;
use crate::leases::LeasedDelivery;
use crate::supervision::ActorHandle;

/// Maximum number of pauses to wait for a Completer that is being restarted.
const TIMEOUT: u32 = 100;
/// One such pause.
const PAUSE: Duration = Duration::from_millis(50);

/// Hands a completed lease to the Completer. If the Completer is not restarted in time, the lease is lost and its row
/// is sent again.
pub(super) async fn complete(completer: &ActorHandle<CompleterMsg>, ended: CompletedLease) {
    for _ in 0..TIMEOUT {
        if completer.mailbox_len().is_some() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let _ = completer.send(CompleterMsg::Complete { ended: vec![ended] });
}

/// Returns unsent rows to the queue.
pub(crate) fn release(completer: &ActorHandle<CompleterMsg>, rows: Vec<LeasedDelivery>) {
    if rows.is_empty() {
        return;
    }
    let ended = rows.into_iter().map(CompletedLease::released).collect();
    let _ = completer.send(CompleterMsg::Complete { ended });
}
