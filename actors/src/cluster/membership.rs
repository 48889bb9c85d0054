//! Whether this process may act, readable by everyone without a message.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entities::queries::node::{self, Member};
use entities::{Database, DbErr};

use crate::infra::Clock;

/// A heartbeat that was not confirmed for so long ends the right to send.
pub(super) const FENCE_AFTER_MS: i64 = 8_000;
/// A feed that was not read for so long ends the right to decide from memory.
const FEED_FRESH_MS: i64 = 1_000;

/// The epoch of this process, and what was last confirmed about it.
#[derive(Debug)]
pub(crate) struct Membership {
    name: String,
    epoch: AtomicI64,
    session: AtomicI64,
    fenced: AtomicBool,
    left: AtomicBool,
    /// When the last confirmed heartbeat began.
    beat_ms: AtomicI64,
    /// Processes that share the database, as of the last confirmed heartbeat.
    nodes: AtomicU32,
    /// Since when no two confirmed heartbeats were further apart than [`FENCE_AFTER_MS`].
    unbroken_since_ms: AtomicI64,
    /// When the last good poll of the control feed began.
    feed_ms: AtomicI64,
    /// The last entry that was acted on: it outlives the actor that reads.
    feed_position: AtomicI64,
    /// Epochs of this process that are over and whose `node` row is still there.
    old: Mutex<Vec<i64>>,
    /// The tests have cut this process off from the control feed.
    #[cfg(feature = "fault-injection")]
    feed_cut: AtomicBool,
}

impl Membership {
    /// Joins under a fresh epoch. On SQLite, where there is one process, whatever is leased is
    /// freed.
    pub(crate) async fn boot(db: &Database, clock: &Clock, name: &str) -> Result<Arc<Self>, DbErr> {
        let began_ms = clock.now_ms();
        let member = node::join(db, name, began_ms).await?;
        if !db.is_postgres() {
            node::reset_single_process(db, member.epoch).await?;
        }
        // Read before anything is loaded, so that no change after a load is missed.
        let position = node::feed_head(db.node()).await?;
        Ok(Arc::new(Self::joined(name, member, began_ms, position)))
    }

    fn joined(name: &str, member: Member, began_ms: i64, position: i64) -> Self {
        Self {
            name: name.to_owned(),
            epoch: AtomicI64::new(member.epoch),
            session: AtomicI64::new(member.session),
            fenced: AtomicBool::new(false),
            left: AtomicBool::new(false),
            beat_ms: AtomicI64::new(began_ms),
            nodes: AtomicU32::new(1),
            unbroken_since_ms: AtomicI64::new(began_ms),
            feed_ms: AtomicI64::new(began_ms),
            feed_position: AtomicI64::new(position),
            old: Mutex::new(Vec::new()),
            #[cfg(feature = "fault-injection")]
            feed_cut: AtomicBool::new(false),
        }
    }

    /// The epoch under which this process leases.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Whether this process may claim, send and lease.
    pub(crate) fn may_send(&self, now_ms: i64) -> bool {
        !self.fenced.load(Ordering::SeqCst) && younger(&self.beat_ms, now_ms, FENCE_AFTER_MS)
    }

    /// Whether what is in memory may decide. Otherwise re-read first.
    pub(crate) fn feed_is_fresh(&self, now_ms: i64) -> bool {
        younger(&self.feed_ms, now_ms, FEED_FRESH_MS)
    }

    /// So many processes share the database, this one included.
    pub(crate) fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed)
    }

    pub(super) fn set_nodes(&self, nodes: u32) {
        self.nodes.store(nodes, Ordering::Relaxed);
    }

    /// For how long the heartbeat has been confirmed without a gap.
    pub(super) fn unbroken_for_ms(&self, now_ms: i64) -> i64 {
        if !self.may_send(now_ms) {
            return 0;
        }
        (now_ms - self.unbroken_since_ms.load(Ordering::SeqCst)).max(0)
    }

    pub(super) fn member(&self) -> Member {
        Member {
            epoch: self.epoch(),
            session: self.session.load(Ordering::SeqCst),
        }
    }

    /// A heartbeat that began at `began_ms` was confirmed.
    pub(super) fn confirm(&self, began_ms: i64) {
        let last_ms = self.beat_ms.swap(began_ms, Ordering::SeqCst);
        if !(0..FENCE_AFTER_MS).contains(&(began_ms - last_ms)) {
            self.unbroken_since_ms.store(began_ms, Ordering::SeqCst);
        }
    }

    /// A good poll of the control feed that began at `began_ms` has been acted on.
    pub(super) fn confirm_feed(&self, began_ms: i64) {
        self.feed_ms.store(began_ms, Ordering::SeqCst);
    }

    /// Cuts the control feed, or mends it.
    #[cfg(feature = "fault-injection")]
    pub(crate) fn cut_feed(&self, cut: bool) {
        self.feed_cut.store(cut, Ordering::SeqCst);
    }

    #[cfg(feature = "fault-injection")]
    pub(super) fn feed_is_cut(&self) -> bool {
        self.feed_cut.load(Ordering::SeqCst)
    }

    pub(super) fn feed_position(&self) -> i64 {
        self.feed_position.load(Ordering::SeqCst)
    }

    pub(super) fn set_feed_position(&self, number: i64) {
        self.feed_position.store(number, Ordering::SeqCst);
    }

    /// Ends the right to act, until this process has joined again.
    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }

    /// Ends it for good.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        self.fence();
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// Joins again under another epoch. What was leased under the old one is rescued, since its
    /// row is gone.
    pub(super) async fn rejoin(&self, db: &Database, clock: &Clock) -> Result<(), DbErr> {
        let began_ms = clock.now_ms();
        let member = node::join(db, &self.name, began_ms).await?;
        let old = self.epoch.swap(member.epoch, Ordering::SeqCst);
        self.old_epochs().push(old);
        self.session.store(member.session, Ordering::SeqCst);
        self.beat_ms.store(began_ms, Ordering::SeqCst);
        self.unbroken_since_ms.store(began_ms, Ordering::SeqCst);
        self.fenced.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn old_epochs(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the rows of this process's own former epochs.
    pub(super) async fn remove_stale_epochs(&self, db: &Database) -> Result<(), DbErr> {
        let old = self.old_epochs().clone();
        for epoch in old {
            node::remove(db, epoch).await?;
            self.old_epochs().retain(|one| *one != epoch);
        }
        Ok(())
    }

    /// In good membership for tests that do without a database.
    #[cfg(test)]
    pub(crate) fn good(epoch: i64, now_ms: i64) -> Arc<Self> {
        Arc::new(Self::joined(
            "test",
            Member { epoch, session: 0 },
            now_ms,
            0,
        ))
    }
}

/// Whether `since` is less than `age_ms` ago. A clock that went back makes it old, not young.
fn younger(since: &AtomicI64, now_ms: i64, age_ms: i64) -> bool {
    (0..age_ms).contains(&(now_ms - since.load(Ordering::SeqCst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn may_send_for_eight_seconds_after_the_last_confirmed_beat() {
        let membership = Membership::good(7, 1_000);
        assert!(membership.may_send(1_000) && membership.may_send(8_999));
        assert!(!membership.may_send(9_000) && !membership.may_send(999));
        membership.confirm(9_500);
        assert!(membership.may_send(17_499));
        membership.fence();
        assert!(!membership.may_send(9_500));
    }

    #[test]
    fn a_gap_breaks_the_row_of_heartbeats() {
        let membership = Membership::good(7, 0);
        for second in 1..=30 {
            membership.confirm(second * 1_000);
        }
        assert_eq!(membership.unbroken_for_ms(30_500), 30_500);
        membership.confirm(38_000);
        assert_eq!(membership.unbroken_for_ms(38_000), 0);
    }

    #[test]
    fn the_feed_is_fresh_for_a_second_after_the_poll_began() {
        let membership = Membership::good(7, 0);
        membership.confirm_feed(5_000);
        assert!(membership.feed_is_fresh(5_999));
        assert!(!membership.feed_is_fresh(6_000));
    }
}
