//! Handing ended leases to the Completer, sent or not.

use std::time::Duration;

use super::completed_lease::Ended;
use super::messages::CompleterMsg;
use crate::leases::Leased;
use crate::supervision::Address;

/// How long an ended lease waits for a Completer that is being restarted.
const PATIENCE: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Hands an ended lease to the Completer. If none comes back in time the lease is lost, and its
/// row is sent again.
pub(super) async fn hand_over(completer: &Address<CompleterMsg>, ended: Ended) {
    for _ in 0..PATIENCE {
        if completer.waiting().is_some() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let _ = completer.send(CompleterMsg::Settle { ended: vec![ended] });
}

/// Gives rows back to the queue that were not sent.
pub(crate) fn give_back(completer: &Address<CompleterMsg>, rows: Vec<Leased>) {
    if rows.is_empty() {
        return;
    }
    let ended = rows.into_iter().map(Ended::released).collect();
    let _ = completer.send(CompleterMsg::Settle { ended });
}
