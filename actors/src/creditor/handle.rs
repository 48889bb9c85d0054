//! What every change of a creditor's data needs: an outbox, and a permit to hold the creditor's lock.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::contract::ApiError;
use crate::infra::Env;
use crate::outbox::OutboxContext;

/// Leave to hold one creditor's lock.
pub(crate) type TransactionPermit<'a> = SemaphorePermit<'a>;

/// Transactions of creditors at a time: fewer than the write pool has connections, or requests that wait for one creditor's
/// lock would leave none to the Writers.
const MAX_TRANSACTIONS: usize = 4;
/// How long a request may wait for its permit.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The means of every creditor transaction.
#[derive(Debug)]
pub(crate) struct Creditors {
    pub(crate) env: Arc<Env>,
    pub(crate) outbox: Arc<OutboxContext>,
    permits: Semaphore,
}

impl Creditors {
    pub(crate) fn new(outbox: Arc<OutboxContext>) -> Self {
        Self {
            env: Arc::clone(&outbox.env),
            outbox,
            permits: Semaphore::new(MAX_TRANSACTIONS),
        }
    }

    /// Waits for leave to begin a transaction of a creditor. Ask before the transaction begins.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] after ten seconds.
    pub(crate) async fn permit(&self) -> Result<TransactionPermit<'_>, ApiError> {
        match tokio::time::timeout(PERMIT_TIMEOUT, self.permits.acquire()).await {
            Ok(permit) => permit.map_err(|_| ApiError::ShuttingDown),
            Err(_) => Err(ApiError::Overloaded),
        }
    }
}
