//! Whether a pool works: what health reports, and what is logged while it does not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::time::Instant;

/// The shortest time between two log lines about the same outage.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// The state of one pool. Red from the first statement that the database refuses to everybody, until one succeeds.
#[derive(Debug)]
pub(super) struct PoolHealth {
    pool: &'static str,
    outage: Mutex<Option<Outage>>,
    /// The same as `outage.is_some()`, without a lock.
    is_red: std::sync::atomic::AtomicBool,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    logged: Instant,
    /// Refused statements since the last log line.
    unlogged: u64,
    refused: u64,
}

impl PoolHealth {
    pub(super) fn new(pool: &'static str) -> Self {
        Self {
            pool,
            outage: Mutex::default(),
            is_red: false.into(),
        }
    }

    pub(super) fn pool(&self) -> &'static str {
        self.pool
    }

    /// Whether the last statement was refused.
    pub(super) fn is_red(&self) -> bool {
        self.is_red.load(std::sync::atomic::Ordering::Acquire)
    }

    pub(super) fn succeeded(&self) {
        if !self.is_red() {
            return;
        }
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_red
            .store(false, std::sync::atomic::Ordering::Release);
        if let Some(ended) = outage.take() {
            tracing::info!(
                pool = self.pool,
                refused = ended.refused,
                seconds = ended.since.elapsed().as_secs(),
                "the database works again"
            );
        }
    }

    pub(super) fn refused(&self, error: &DbErr) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_red
            .store(true, std::sync::atomic::Ordering::Release);
        let now = Instant::now();
        let known = outage.is_some();
        let outage = outage.get_or_insert(Outage {
            since: now,
            logged: now,
            unlogged: 0,
            refused: 0,
        });
        outage.refused += 1;
        outage.unlogged += 1;
        if known && now.duration_since(outage.logged) < LOG_INTERVAL {
            return;
        }
        tracing::error!(
            pool = self.pool,
            %error,
            refused = outage.unlogged,
            seconds = outage.since.elapsed().as_secs(),
            "the database refuses statements"
        );
        outage.logged = now;
        outage.unlogged = 0;
    }
}
