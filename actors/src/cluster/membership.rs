//! The membership of this process: whether it may send, and whether its cached state may decide.
//!
//! All values are atomics, so that any thread can read them without sending a message.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entities::queries::node::{self, Member};
use entities::{Database, DbErr};

use super::node_count::NodeCount;
use crate::infra::Clock;

/// Without a confirmed heartbeat for this long, this process may not send.
pub(super) const FENCE_AFTER_MS: i64 = 8_000;
/// Without a successful read of the control feed for this long, cached state may not decide.
const FEED_FRESH_MS: i64 = 1_000;

/// The epoch of this process and the times of its last confirmed heartbeat and feed poll.
#[derive(Debug)]
pub(crate) struct Membership {
    name: String,
    epoch: AtomicI64,
    session: AtomicI64,
    /// Whether no other process can use the database (SQLite). Then there is nothing to prove to others.
    is_alone: bool,
    fenced: AtomicBool,
    left: AtomicBool,
    /// When the last confirmed heartbeat started.
    beat_ms: AtomicI64,
    nodes: NodeCount,
    /// Since when all gaps between confirmed heartbeats were shorter than [`FENCE_AFTER_MS`].
    unbroken_since_ms: AtomicI64,
    /// When the last successful poll of the control feed started.
    feed_ms: AtomicI64,
    /// The number of the last feed entry that was published. It is kept here because it must survive a restart of the
    /// Node.
    feed_position: AtomicI64,
    /// Former epochs of this process whose `node` row still exists.
    old: Mutex<Vec<i64>>,
    /// Whether fault injection makes reads of the control feed fail.
    #[cfg(feature = "fault-injection")]
    feed_cut: AtomicBool,
}

impl Membership {
    /// Sets the clock by the database and joins the cluster under a new epoch. On SQLite, where there is only one process, it also releases all leases.
    pub(crate) async fn boot(db: &Database, clock: &Clock, name: &str) -> Result<Arc<Self>, DbErr> {
        let began = clock.now();
        if let Some(database_ms) = node::database_ms(db).await? {
            clock.adjust(began, database_ms);
        }
        let began = clock.now();
        let began_ms = began.mono_ms();
        let member = node::join(db, name, began.time_ms).await?;
        if !db.is_postgres() {
            node::reset_single_process(db, member.epoch).await?;
        }
        // The position is read before any state is loaded, so that no change after a load is missed.
        let position = node::feed_head(db.node()).await?;
        let mut joined = Self::joined(name, member, began_ms, position);
        joined.is_alone = !db.is_postgres();
        Ok(Arc::new(joined))
    }

    fn joined(name: &str, member: Member, began_ms: i64, position: i64) -> Self {
        Self {
            name: name.to_owned(),
            is_alone: false,
            epoch: AtomicI64::new(member.epoch),
            session: AtomicI64::new(member.session),
            fenced: AtomicBool::new(false),
            left: AtomicBool::new(false),
            beat_ms: AtomicI64::new(began_ms),
            nodes: NodeCount::default(),
            unbroken_since_ms: AtomicI64::new(began_ms),
            feed_ms: AtomicI64::new(began_ms),
            feed_position: AtomicI64::new(position),
            old: Mutex::new(Vec::new()),
            #[cfg(feature = "fault-injection")]
            feed_cut: AtomicBool::new(false),
        }
    }

    /// The epoch that owns the leases of this process.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Whether this process may lease and send deliveries.
    pub(crate) fn may_send(&self, now_ms: i64) -> bool {
        let is_confirmed = self.is_alone || younger(&self.beat_ms, now_ms, FENCE_AFTER_MS);
        is_confirmed && !self.fenced.load(Ordering::SeqCst)
    }

    /// Whether cached state may decide. If not, it must be reloaded first.
    pub(crate) fn feed_is_fresh(&self, now_ms: i64) -> bool {
        self.is_alone || younger(&self.feed_ms, now_ms, FEED_FRESH_MS)
    }

    /// The number of processes that share limits, including this one.
    pub(crate) fn nodes(&self) -> &NodeCount {
        &self.nodes
    }

    /// For how many milliseconds the heartbeat has been confirmed without a gap. 0 if this process may not send.
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

    /// Records the confirmation of a heartbeat that started at `began_ms`.
    pub(super) fn confirm(&self, began_ms: i64) {
        let last_ms = self.beat_ms.swap(began_ms, Ordering::SeqCst);
        if !(0..FENCE_AFTER_MS).contains(&(began_ms - last_ms)) {
            self.unbroken_since_ms.store(began_ms, Ordering::SeqCst);
        }
    }

    /// Records a successful poll of the control feed that started at `began_ms`. Its entries must already be published.
    pub(super) fn confirm_feed(&self, began_ms: i64) {
        self.feed_ms.store(began_ms, Ordering::SeqCst);
    }

    /// Makes every read of the control feed fail while `cut` is true.
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

    /// Forbids sending until this process has rejoined.
    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::SeqCst)
    }

    /// Forbids sending permanently. This process does not rejoin.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
        self.fence();
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// Joins again under a new epoch. The next rescue releases the leases of the old epoch.
    pub(super) async fn rejoin(&self, db: &Database, clock: &Clock) -> Result<(), DbErr> {
        let began = clock.now();
        let began_ms = began.mono_ms();
        let member = node::join(db, &self.name, began.time_ms).await?;
        let old = self.epoch.swap(member.epoch, Ordering::SeqCst);
        self.old_epochs().push(old);
        self.session.store(member.session, Ordering::SeqCst);
        self.beat_ms.store(began_ms, Ordering::SeqCst);
        self.unbroken_since_ms.store(began_ms, Ordering::SeqCst);
        // A process that left meanwhile stays fenced.
        self.fenced.store(self.has_left(), Ordering::SeqCst);
        Ok(())
    }

    fn old_epochs(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the `node` rows of this process's former epochs.
    pub(super) async fn remove_stale_epochs(&self, db: &Database) -> Result<(), DbErr> {
        let old = self.old_epochs().clone();
        for epoch in old {
            node::remove(db, epoch).await?;
            self.old_epochs().retain(|one| *one != epoch);
        }
        Ok(())
    }

    /// A confirmed and fresh membership, for tests without a database.
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

/// Whether `since` is less than `age_ms` ago. Returns false if the clock went backwards, which is the safe answer.
fn younger(since: &AtomicI64, now_ms: i64, age_ms: i64) -> bool {
    (0..age_ms).contains(&(now_ms - since.load(Ordering::SeqCst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_is_allowed_for_eight_seconds_after_the_last_heartbeat() {
        let membership = Membership::good(7, 1_000);
        assert!(membership.may_send(1_000) && membership.may_send(8_999));
        assert!(!membership.may_send(9_000) && !membership.may_send(999));
        membership.confirm(9_500);
        assert!(membership.may_send(17_499));
        membership.fence();
        assert!(!membership.may_send(9_500));
    }

    #[test]
    fn gap_between_heartbeats_resets_the_unbroken_time() {
        let membership = Membership::good(7, 0);
        for second in 1..=30 {
            membership.confirm(second * 1_000);
        }
        assert_eq!(membership.unbroken_for_ms(30_500), 30_500);
        membership.confirm(38_000);
        assert_eq!(membership.unbroken_for_ms(38_000), 0);
    }

    #[test]
    fn feed_is_fresh_for_one_second_after_the_poll_started() {
        let membership = Membership::good(7, 0);
        membership.confirm_feed(5_000);
        assert!(membership.feed_is_fresh(5_999));
        assert!(!membership.feed_is_fresh(6_000));
    }
}
