//! bcrypt, off the async threads and bounded: so many at a time, so many waiting, and no more.
//!
//! The permit lives inside the working thread: a caller that gives up does not free a core that is
//! still hashing. The threads are of low priority: a hash takes a core for a quarter of a second, and
//! no request that needs none may wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, oneshot};

/// What is added to the niceness of a thread that hashes: about a tenth of the share of the others
/// while all cores are busy, and a whole core while one is idle.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Why nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BcryptError {
    /// As many callers wait as may.
    #[error("too many callers wait for bcrypt")]
    QueueFull,
    /// The pool is closed.
    #[error("the bcrypt pool is closed")]
    Closed,
    /// The hash could not be computed, or its thread died.
    #[error("bcrypt failed")]
    Failed,
}

/// A pool of bcrypt work.
#[derive(Debug)]
pub(crate) struct BcryptPool {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    checks: Arc<AtomicU64>,
}

impl BcryptPool {
    /// At most `at_once` hashes at a time and `most_waiting` callers behind them.
    pub(crate) fn new(at_once: usize, most_waiting: usize) -> Self {
        Self {
            cores: Arc::new(Semaphore::new(at_once)),
            waiting: AtomicUsize::new(0),
            most_waiting,
            checks: Arc::default(),
        }
    }

    /// Verifications so far.
    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// The bcrypt hash of `secret`, which must not be longer than bcrypt reads.
    pub(crate) async fn hash(
        &self,
        secret: SecretString,
        cost: u32,
    ) -> Result<String, BcryptError> {
        let hashed = self
            .run(move || bcrypt::non_truncating_hash(secret.expose_secret(), cost))
            .await?;
        hashed.map_err(|error| {
            tracing::error!(%error, "bcrypt did not hash");
            BcryptError::Failed
        })
    }

    /// Whether `secret` is the one behind `hash`. A damaged hash matches nothing.
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
        let place = Place::in_line(&self.waiting);
        if place.ahead >= self.most_waiting {
            return Err(BcryptError::QueueFull);
        }
        let permit = Arc::clone(&self.cores).acquire_owned().await;
        drop(place);
        let permit = permit.map_err(|_| BcryptError::Closed)?;
        let (answer, done) = oneshot::channel();
        // A thread of its own, for a priority cannot be raised again; next to a hash it costs nothing.
        let thread = std::thread::Builder::new().name("bcrypt".to_owned());
        let started = thread.spawn(move || {
            let _permit = permit;
            step_back();
            let _ = answer.send(work());
        });
        started.map_err(|error| {
            tracing::error!(%error, "no thread to hash in");
            BcryptError::QueueFull
        })?;
        done.await.map_err(|_| BcryptError::Failed)
    }
}

/// Lowers the priority of this thread. Elsewhere than on Linux it would be that of the process.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "hashing at full priority");
    }
}

/// A place among those who wait: given back also when its holder gives up while it waits.
struct Place<'a> {
    waiting: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Place<'a> {
    fn in_line(waiting: &'a AtomicUsize) -> Self {
        let ahead = waiting.fetch_add(1, Ordering::AcqRel);
        Self { waiting, ahead }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_gives_up_while_waiting_gives_the_place_back() {
        let pool = BcryptPool::new(1, 1);
        let _busy = Arc::clone(&pool.cores).acquire_owned().await.unwrap();
        for _ in 0..3 {
            let mut waiting = Box::pin(pool.run(|| ()));
            assert!(futures::poll!(&mut waiting).is_pending(), "a place is free");
        }
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    }
}
