//! One tenant's slot: what outlives its actor, and where its requests are decided.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entities::ids::CreditorId;

use super::permit::{Crowd, Permit, ReleasePermit};
use super::tenant_msg::TenantMsg;
use super::tenant_state::Desk;
use crate::supervision::Address;

/// One tenant's lasting state. In this order, so that what every admission writes, the desk's lock
/// included, is one line of the cache: of very many tenants each one's lines come from memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TenantSlot {
    epoch: AtomicU64,
    last_use_ms: AtomicI64,
    keys_at_work: AtomicU32,
    people_at_work: AtomicU32,
    desk: Mutex<Desk>,
    pub(crate) creditor: CreditorId,
    pub(crate) address: Address<TenantMsg>,
}

impl TenantSlot {
    pub(super) fn new(creditor: CreditorId) -> Self {
        Self {
            creditor,
            address: Address::vacant(),
            desk: Mutex::default(),
            keys_at_work: AtomicU32::new(0),
            people_at_work: AtomicU32::new(0),
            epoch: AtomicU64::new(0),
            last_use_ms: AtomicI64::new(0),
        }
    }

    /// Works at the desk. Never for longer than a few comparisons take, and never twice at a time.
    pub(super) fn at_desk<T>(&self, work: impl FnOnce(&mut Desk) -> T) -> T {
        work(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Grows whenever something about the tenant changed.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Whatever was read of this tenant before now decides nothing more.
    pub(super) fn invalidate(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.at_desk(|desk| desk.is_closed())
    }

    /// Takes one of `most` permits of this crowd.
    pub(super) fn permit(self: &Arc<Self>, crowd: Crowd, most: u32) -> Option<Permit> {
        let taken =
            self.at_work(crowd)
                .try_update(Ordering::AcqRel, Ordering::Acquire, |at_work| {
                    (at_work < most).then_some(at_work + 1)
                });
        taken
            .ok()
            .map(|_| Permit::new(Arc::<Self>::clone(self), crowd))
    }

    fn at_work(&self, crowd: Crowd) -> &AtomicU32 {
        match crowd {
            Crowd::Keys => &self.keys_at_work,
            Crowd::People => &self.people_at_work,
        }
    }

    pub(super) fn used(&self, now_ms: i64) {
        self.last_use_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Lets the tenant go, if nobody has used it for `idle_ms` and forgetting it hands out
    /// nothing.
    pub(super) fn close_if_idle(&self, now_us: i64, idle_ms: i64) -> bool {
        self.at_desk(|desk| {
            let idle = now_us / 1_000 - self.last_use_ms.load(Ordering::Relaxed) >= idle_ms;
            let all_back = [Crowd::Keys, Crowd::People]
                .iter()
                .all(|crowd| self.at_work(*crowd).load(Ordering::Acquire) == 0);
            idle && all_back && desk.close_if_full(now_us)
        })
    }
}

impl ReleasePermit for TenantSlot {
    fn release(&self, crowd: Crowd) {
        self.at_work(crowd).fetch_sub(1, Ordering::AcqRel);
    }
}
