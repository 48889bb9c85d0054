//! The handle with which modules begin creditor transactions. It limits how many run at the same time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::contract::ApiError;
use crate::infra::Env;
use crate::outbox::OutboxContext;

/// A permit to hold one creditor's lock.
pub(crate) type TransactionPermit<'a> = SemaphorePermit<'a>;

/// The maximum number of concurrent creditor transactions. It is smaller than the write pool. Otherwise requests that
/// wait for one creditor's lock could occupy every connection and block the Writers.
const MAX_TRANSACTIONS: usize = 4;
/// The longest wait for a permit.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The handle of the creditor module.
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

    /// Waits for a permit to begin a creditor transaction. Acquire it before the database transaction begins, so that a
    /// waiting request occupies no connection.
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
