//! A creditor's share of the connections for reads: how many of its lists are read at the same time.
//!
//! A list deep in many rows takes long. Without a share, those of one creditor would occupy every connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entities::ids::CreditorId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::contract::ApiError;

/// The most lists of one creditor that are read at once. The pool has eight connections.
const MAX_LISTS: usize = 3;
/// The longest wait for a turn. A wait and a slow read together stay below five seconds.
const TURN_TIMEOUT: Duration = Duration::from_millis(1_400);

/// The lists that are being read.
#[derive(Debug, Default)]
pub(super) struct ListShares(Mutex<HashMap<CreditorId, Arc<Semaphore>>>);

/// The turn of one list. Another one of the creditor may begin when it is dropped.
#[derive(Debug)]
pub(crate) struct ListTurn {
    shares: Arc<ListShares>,
    creditor: CreditorId,
    held: Option<OwnedSemaphorePermit>,
}

impl ListShares {
    /// Waits for a turn.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if the creditor's other lists take too long.
    pub(super) async fn turn(self: &Arc<Self>, creditor: CreditorId) -> Result<ListTurn, ApiError> {
        // Created first, so that the entry is forgotten even if the wait is cut short.
        let mut turn = ListTurn {
            shares: Arc::clone(self),
            creditor,
            held: None,
        };
        let share = self.share_of(creditor);
        let acquired = tokio::time::timeout(TURN_TIMEOUT, share.acquire_owned()).await;
        turn.held = Some(
            acquired
                .map_err(|_| ApiError::Overloaded)?
                .map_err(|_| ApiError::ShuttingDown)?,
        );
        Ok(turn)
    }

    fn share_of(&self, creditor: CreditorId) -> Arc<Semaphore> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(creditor);
        Arc::clone(share.or_insert_with(|| Arc::new(Semaphore::new(MAX_LISTS))))
    }
}

impl Drop for ListTurn {
    fn drop(&mut self) {
        drop(self.held.take());
        let mut shares = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unused = shares
            .get(&self.creditor)
            .is_some_and(|share| Arc::strong_count(share) == 1);
        if is_unused {
            shares.remove(&self.creditor);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn creditor_waits_for_its_own_lists_only() {
        let shares = Arc::new(ListShares::default());
        let [one, other] = [1, 2].map(|n| CreditorId(Uuid::from_u128(n)));
        let mut held = Vec::new();
        for _ in 0..MAX_LISTS {
            held.push(shares.turn(one).await.unwrap());
        }
        assert!(matches!(shares.turn(one).await, Err(ApiError::Overloaded)));
        drop(shares.turn(other).await.unwrap());
        let (next, ()) = tokio::join!(shares.turn(one), async { drop(held.pop()) });
        drop((next.unwrap(), held));
        assert!(
            shares.0.lock().unwrap().is_empty(),
            "unused shares are forgotten"
        );
    }
}
