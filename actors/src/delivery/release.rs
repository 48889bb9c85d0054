//! Handing ended leases to the Completer, sent or not.

use std::time::Duration;

use super::completed_lease::CompletedLease;
use super::messages::CompleterMsg;
use crate::leases::LeasedDelivery;
use crate::supervision::ActorHandle;

/// How long an ended lease waits for a Completer that is being restarted.
const TIMEOUT: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Hands an ended lease to the Completer. If none comes back in time the lease is lost, and its
/// row is sent again.
pub(super) async fn complete(completer: &ActorHandle<CompleterMsg>, ended: CompletedLease) {
    for _ in 0..TIMEOUT {
        if completer.mailbox_len().is_some() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let _ = completer.send(CompleterMsg::Complete { ended: vec![ended] });
}

/// Gives rows back to the queue that were not sent.
pub(crate) fn release(completer: &ActorHandle<CompleterMsg>, rows: Vec<LeasedDelivery>) {
    if rows.is_empty() {
        return;
    }
    let ended = rows.into_iter().map(CompletedLease::released).collect();
    let _ = completer.send(CompleterMsg::Complete { ended });
}
