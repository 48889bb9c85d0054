//! The entry of one tenant, which outlives the tenant actor.
//!
//! Owns the generation, the permit counts and the tenant state. It never reads the database.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use entities::ids::CreditorId;

use super::permit::{CallerClass, Permit, ReleasePermit};
use super::tenant_msg::TenantMsg;
use super::tenant_state::TenantState;
use crate::supervision::ActorHandle;

/// The lasting data of one tenant. The field order puts everything that an admission writes,
/// including the lock of the state, in one cache line. With many tenants, each cache line is a fetch
/// from main memory.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct TenantEntry {
    generation: AtomicU64,
    last_use_ms: AtomicI64,
    keys_in_progress: AtomicU32,
    sessions_in_progress: AtomicU32,
    state: Mutex<TenantState>,
    pub(crate) creditor: CreditorId,
    pub(crate) handle: ActorHandle<TenantMsg>,
}

impl TenantEntry {
    pub(super) fn new(creditor: CreditorId) -> Self {
        Self {
            creditor,
            handle: ActorHandle::new(),
            state: Mutex::default(),
            keys_in_progress: AtomicU32::new(0),
            sessions_in_progress: AtomicU32::new(0),
            generation: AtomicU64::new(0),
            last_use_ms: AtomicI64::new(0),
        }
    }

    /// Runs `work` under the lock of the state. `work` must be short and must not call this method.
    pub(super) fn with_state<T>(&self, work: impl FnOnce(&mut TenantState) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current generation. Every change of the tenant increments it.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Makes every snapshot that was loaded before now stale.
    pub(super) fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.with_state(|state| state.is_closed())
    }

    /// Takes one of `most` permits of this class; `None` if all are taken.
    pub(super) fn try_acquire_permit(
        self: &Arc<Self>,
        class: CallerClass,
        most: u32,
    ) -> Option<Permit> {
        let taken = self.in_progress(class).try_update(
            Ordering::AcqRel,
            Ordering::Acquire,
            |in_progress| (in_progress < most).then_some(in_progress + 1),
        );
        taken
            .ok()
            .map(|_| Permit::new(Arc::<Self>::clone(self), class))
    }

    fn in_progress(&self, class: CallerClass) -> &AtomicU32 {
        match class {
            CallerClass::Keys => &self.keys_in_progress,
            CallerClass::Sessions => &self.sessions_in_progress,
        }
    }

    pub(super) fn mark_used(&self, now_ms: i64) {
        self.last_use_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Closes the state if the tenant has been idle for `idle_ms`, has no request in progress, and
    /// has full buckets. Returns whether it is closed.
    pub(super) fn close_if_idle(&self, mono_us: i64, idle_ms: i64) -> bool {
        self.with_state(|state| {
            let idle = mono_us / 1_000 - self.last_use_ms.load(Ordering::Relaxed) >= idle_ms;
            let no_request = [CallerClass::Keys, CallerClass::Sessions]
                .iter()
                .all(|class| self.in_progress(*class).load(Ordering::Acquire) == 0);
            idle && no_request && state.close_if_full(mono_us)
        })
    }
}

impl ReleasePermit for TenantEntry {
    fn release(&self, class: CallerClass) {
        self.in_progress(class).fetch_sub(1, Ordering::AcqRel);
    }
}
