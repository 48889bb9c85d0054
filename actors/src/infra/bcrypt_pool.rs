//! Runs bcrypt outside the async threads, with a bounded number of hashes and of waiting callers.
//!
//! The working thread holds the permit, so a caller that gives up does not free a core that is still
//! hashing. The threads have low priority: a hash takes a core for a quarter of a second, and requests
//! that need no hash must not wait for it. The pool never decides what a mismatch means.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, oneshot};

/// Added to the niceness of a hashing thread. It gets about a tenth of the CPU share of a normal thread
/// while all cores are busy, and a whole core while one is idle.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Why bcrypt gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BcryptError {
    /// The maximum number of callers already waits.
    #[error("too many callers wait for bcrypt")]
    QueueFull,
    /// The pool is closed.
    #[error("the bcrypt pool is closed")]
    Closed,
    /// The hash could not be computed, or its thread died.
    #[error("bcrypt failed")]
    Failed,
}

/// A bounded pool of bcrypt threads.
#[derive(Debug)]
pub(crate) struct BcryptPool {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    checks: Arc<AtomicU64>,
}

impl BcryptPool {
    /// Creates a pool of `max_concurrent` concurrent hashes and `max_waiting` waiting callers.
    pub(crate) fn new(max_concurrent: usize, max_waiting: usize) -> Self {
        Self {
            cores: Arc::new(Semaphore::new(max_concurrent)),
            waiting: AtomicUsize::new(0),
            max_waiting,
            checks: Arc::default(),
        }
    }

    /// Number of verifications so far.
    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Hashes `secret`. Fails with [`BcryptError::Failed`] if it is longer than bcrypt reads.
    pub(crate) async fn hash(
        &self,
        secret: SecretString,
        cost: u32,
    ) -> Result<String, BcryptError> {
        let hashed = self
            .run(move || bcrypt::non_truncating_hash(secret.expose_secret(), cost))
            .await?;
        hashed.map_err(|error| {
            tracing::error!(%error, "bcrypt could not compute a hash");
            BcryptError::Failed
        })
    }

    /// Whether `secret` matches `hash`. A malformed hash matches nothing.
    pub(crate) async fn verify(
        &self,
        secret: SecretString,
        hash: String,
    ) -> Result<bool, BcryptError> {
        let checks = Arc::clone(&self.checks);
        let check = move || {
            checks.fetch_add(1, Ordering::Relaxed);
            bcrypt::non_truncating_verify(secret.expose_secret(), &hash)
        };
        let verified = self.run(check).await?;
        Ok(verified.unwrap_or(false))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BcryptError> {
        let position = QueuePosition::enqueue(&self.waiting);
        if position.ahead >= self.max_waiting {
            return Err(BcryptError::QueueFull);
        }
        let permit = Arc::clone(&self.cores).acquire_owned().await;
        drop(position);
        let permit = permit.map_err(|_| BcryptError::Closed)?;
        let (answer, done) = oneshot::channel();
        // A new thread for each hash, because a lowered priority cannot be raised again. The cost of a
        // thread is negligible compared to a hash.
        let thread = std::thread::Builder::new().name("bcrypt".to_owned());
        let started = thread.spawn(move || {
            let _permit = permit;
            lower_priority();
            let _ = answer.send(work());
        });
        started.map_err(|error| {
            tracing::error!(%error, "a bcrypt thread could not be started");
            BcryptError::QueueFull
        })?;
        done.await.map_err(|_| BcryptError::Failed)
    }
}

/// Lowers the priority of this thread. Does nothing outside Linux, where it would affect the whole
/// process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the priority of a bcrypt thread could not be lowered");
    }
}

/// A position in the queue. Dropping it frees the position, also if the caller gives up.
struct QueuePosition<'a> {
    waiting: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> QueuePosition<'a> {
    fn enqueue(waiting: &'a AtomicUsize) -> Self {
        let ahead = waiting.fetch_add(1, Ordering::AcqRel);
        Self { waiting, ahead }
    }
}

impl Drop for QueuePosition<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn abandoned_wait_frees_its_queue_position() {
        let pool = BcryptPool::new(1, 1);
        let _busy = Arc::clone(&pool.cores).acquire_owned().await.unwrap();
        for _ in 0..3 {
            let mut waiting = Box::pin(pool.run(|| ()));
            assert!(
                futures::poll!(&mut waiting).is_pending(),
                "a position is free"
            );
        }
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    }
}
