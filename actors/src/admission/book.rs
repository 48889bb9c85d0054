//! The book of tenants: what outlives their actors.
//!
//! A restarted or respawned tenant actor finds its limit cells and permits here, so no restart
//! refills a burst. Whoever changes a key bumps the tenant's epoch here before it answers, so that
//! nothing loaded earlier decides anything later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use entities::ids::CreditorId;

use super::cells::Cells;
use super::tenant::TenantMsg;
use crate::supervision::Address;

/// One tenant's lasting state.
#[derive(Debug)]
pub(crate) struct TenantSlot {
    pub(crate) creditor: CreditorId,
    pub(crate) address: Address<TenantMsg>,
    cells: Mutex<Cells>,
    permits_out: AtomicU32,
    epoch: AtomicU64,
    last_use_ms: AtomicI64,
}

impl TenantSlot {
    fn new(creditor: CreditorId) -> Self {
        Self {
            creditor,
            address: Address::vacant(),
            cells: Mutex::new(Cells::default()),
            permits_out: AtomicU32::new(0),
            epoch: AtomicU64::new(0),
            last_use_ms: AtomicI64::new(0),
        }
    }

    /// Works on the limit cells. Only the tenant's actor does, so nobody ever waits here.
    pub(crate) fn with_cells<T>(&self, work: impl FnOnce(&mut Cells) -> T) -> T {
        work(&mut self.cells.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Grows whenever something about the tenant changed.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Takes one of `most` permits.
    pub(crate) fn permit(self: &Arc<Self>, most: u32) -> Option<Permit> {
        let taken = self
            .permits_out
            .try_update(Ordering::AcqRel, Ordering::Acquire, |out| {
                (out < most).then_some(out + 1)
            });
        taken.ok().map(|_| Permit(Arc::clone(self)))
    }

    pub(crate) fn permits_out(&self) -> u32 {
        self.permits_out.load(Ordering::Acquire)
    }

    pub(crate) fn used(&self, now_ms: i64) {
        self.last_use_ms.store(now_ms, Ordering::Relaxed);
    }

    fn may_go(&self, now_us: i64, idle_ms: i64) -> bool {
        let idle = now_us / 1_000 - self.last_use_ms.load(Ordering::Relaxed) >= idle_ms;
        idle && self.permits_out() == 0 && self.with_cells(|cells| cells.are_full(now_us))
    }
}

/// A request in progress: gives its place back when it is dropped.
#[derive(Debug)]
pub struct Permit(Arc<TenantSlot>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.permits_out.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Every tenant that this process has met and not forgotten.
#[derive(Debug, Default)]
pub(crate) struct TenantBook {
    tenants: RwLock<HashMap<CreditorId, Arc<TenantSlot>>>,
    prefixes: RwLock<HashMap<String, CreditorId>>,
}

impl TenantBook {
    /// The tenant behind a prefix, if both are known here.
    pub(crate) fn by_prefix(&self, prefix: &str) -> Option<Arc<TenantSlot>> {
        let prefixes = self.prefixes.read().unwrap_or_else(PoisonError::into_inner);
        let creditor = *prefixes.get(prefix)?;
        drop(prefixes);
        self.get(creditor)
    }

    pub(crate) fn get(&self, creditor: CreditorId) -> Option<Arc<TenantSlot>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&creditor).cloned()
    }

    /// The slot of a tenant, made if it is new, with `prefix` leading to it.
    pub(crate) fn enter(&self, prefix: &str, creditor: CreditorId) -> Arc<TenantSlot> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let slot = tenants
            .entry(creditor)
            .or_insert_with(|| Arc::new(TenantSlot::new(creditor)));
        let slot = Arc::clone(slot);
        drop(tenants);
        let mut prefixes = self
            .prefixes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let is_new = prefixes.insert(prefix.to_owned(), creditor).is_none();
        drop(prefixes);
        if is_new {
            // What was read of the tenant may be older than this key.
            slot.epoch.fetch_add(1, Ordering::SeqCst);
        }
        slot
    }

    /// The one slot of a tenant: the one in the book, or else `slot`, which is entered again.
    pub(crate) fn keep(&self, slot: Arc<TenantSlot>) -> Arc<TenantSlot> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(slot.creditor).or_insert(slot))
    }

    /// Whatever was loaded of this tenant before now decides nothing more.
    pub(crate) fn invalidate(&self, creditor: CreditorId) {
        if let Some(slot) = self.get(creditor) {
            slot.epoch.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The same for every tenant.
    pub(crate) fn invalidate_all(&self) {
        for slot in self.all() {
            slot.epoch.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Takes out the tenants that nobody has used for `idle_ms` and whose forgetting hands out
    /// nothing.
    pub(crate) fn evict_idle(&self, now_us: i64, idle_ms: i64) -> Vec<Arc<TenantSlot>> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = tenants
            .values()
            .filter(|slot| slot.may_go(now_us, idle_ms))
            .cloned()
            .collect();
        for slot in &gone {
            tenants.remove(&slot.creditor);
        }
        drop(tenants);
        if !gone.is_empty() {
            let mut prefixes = self
                .prefixes
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
            prefixes.retain(|_, creditor| tenants.contains_key(creditor));
        }
        gone
    }

    /// Every slot.
    pub(crate) fn all(&self) -> Vec<Arc<TenantSlot>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }
}
