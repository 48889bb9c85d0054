//! The handle with which modules begin creditor transactions. It limits how many run at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use entities::ids::CreditorId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore, SemaphorePermit};

use super::list_share::{ListShares, ListTurn};
use crate::contract::ApiError;
use crate::infra::Env;
use crate::outbox::OutboxContext;

/// A permit to hold one creditor's lock.
#[derive(Debug)]
pub(crate) struct TransactionPermit<'a> {
    _permit: SemaphorePermit<'a>,
    _turn: Turn<'a>,
}

/// The turn of a creditor's transaction in this process.
#[derive(Debug)]
struct Turn<'a> {
    creditors: &'a Creditors,
    creditor: CreditorId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.held.take());
        self.creditors.forget_turns_of(self.creditor);
    }
}

/// The maximum number of concurrent creditor transactions. It is smaller than the write pool. Otherwise requests that
/// wait for one creditor's lock could occupy every connection and block the Writers.
const MAX_TRANSACTIONS: usize = 4;
/// The longest wait for a permit. The wait and the transaction together stay below five seconds.
const PERMIT_TIMEOUT: Duration = Duration::from_millis(900);

/// The handle of the creditor module.
#[derive(Debug)]
pub(crate) struct Creditors {
    pub(crate) env: Arc<Env>,
    pub(crate) outbox: Arc<OutboxContext>,
    lists: Arc<ListShares>,
    permits: Semaphore,
    /// The turns of creditors whose transactions run or wait.
    turns: Mutex<HashMap<CreditorId, Arc<AsyncMutex<()>>>>,
}

impl Creditors {
    pub(crate) fn new(outbox: Arc<OutboxContext>) -> Self {
        Self {
            env: Arc::clone(&outbox.env),
            outbox,
            lists: Arc::default(),
            permits: Semaphore::new(MAX_TRANSACTIONS),
            turns: Mutex::default(),
        }
    }

    /// Waits for the creditor's turn to read a list.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if its other lists take too long.
    pub(crate) async fn list_turn(&self, creditor: CreditorId) -> Result<ListTurn, ApiError> {
        self.lists.turn(creditor).await
    }

    /// Waits for a permit to begin a transaction of this creditor. Acquire it before the database transaction begins, so
    /// that a waiting request occupies no connection. The transactions of one creditor take turns, because they would
    /// wait for its lock anyway, and those of others must not wait for them.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if none becomes free in time.
    pub(crate) async fn permit(
        &self,
        creditor: CreditorId,
    ) -> Result<TransactionPermit<'_>, ApiError> {
        let waiting = async {
            let turn = self.turn_of(creditor).await;
            let permit = self.permits.acquire().await;
            let permit = permit.map_err(|_| ApiError::ShuttingDown)?;
            Ok(TransactionPermit {
                _permit: permit,
                _turn: turn,
            })
        };
        let acquired = tokio::time::timeout(PERMIT_TIMEOUT, waiting).await;
        acquired.unwrap_or(Err(ApiError::Overloaded))
    }

    async fn turn_of(&self, creditor: CreditorId) -> Turn<'_> {
        // Created first, so that the entry is forgotten even if the wait is cut short.
        let mut turn = Turn {
            creditors: self,
            creditor,
            held: None,
        };
        let lock = Arc::clone(self.turns().entry(creditor).or_default());
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    fn turns(&self) -> MutexGuard<'_, HashMap<CreditorId, Arc<AsyncMutex<()>>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the turns of a creditor for which nobody waits.
    fn forget_turns_of(&self, creditor: CreditorId) {
        let mut turns = self.turns();
        let is_unused = turns
            .get(&creditor)
            .is_some_and(|lock| Arc::strong_count(lock) == 1);
        if is_unused {
            turns.remove(&creditor);
        }
    }
}
