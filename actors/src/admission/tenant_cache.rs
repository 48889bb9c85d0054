//! The book of tenants: what outlives their actors.
//!
//! A restarted or respawned tenant actor finds its entry here, so no restart refills a burst.
//! Whoever changes a key bumps the tenant's generation here before it answers, so that nothing loaded
//! earlier decides anything later.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use entities::ids::CreditorId;

use super::tenant_entry::TenantEntry;
use crate::domain::api_key::KeyPrefix;

/// Every tenant that this process has met and not forgotten.
#[derive(Debug, Default)]
pub(crate) struct TenantCache {
    tenants: RwLock<HashMap<CreditorId, Arc<TenantEntry>>>,
    prefixes: RwLock<HashMap<KeyPrefix, Arc<TenantEntry>>>,
}

impl TenantCache {
    /// The tenant behind a prefix, if both are known here.
    pub(crate) fn by_prefix(&self, prefix: &KeyPrefix) -> Option<Arc<TenantEntry>> {
        let prefixes = self.prefixes.read().unwrap_or_else(PoisonError::into_inner);
        prefixes.get(prefix).cloned()
    }

    pub(crate) fn get(&self, creditor: CreditorId) -> Option<Arc<TenantEntry>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&creditor).cloned()
    }

    /// The entry of a tenant, made if it is new, with `prefix` leading to it.
    pub(crate) fn enter(&self, prefix: KeyPrefix, creditor: CreditorId) -> Arc<TenantEntry> {
        let entry = self.current(creditor);
        let mut prefixes = self
            .prefixes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = prefixes.insert(prefix, Arc::clone(&entry));
        drop(prefixes);
        if before.is_none_or(|before| !Arc::ptr_eq(&before, &entry)) {
            // What was read of the tenant may be older than this key.
            entry.invalidate();
        }
        entry
    }

    /// The one entry of a tenant: the one in the book, or else a new one. A entry that is not in the
    /// book was let go, and decides nothing.
    pub(crate) fn current(&self, creditor: CreditorId) -> Arc<TenantEntry> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let entry = tenants
            .entry(creditor)
            .or_insert_with(|| Arc::new(TenantEntry::new(creditor)));
        Arc::clone(entry)
    }

    /// Whatever was loaded of this tenant before now decides nothing more.
    pub(crate) fn invalidate(&self, creditor: CreditorId) {
        if let Some(entry) = self.get(creditor) {
            entry.invalidate();
        }
    }

    /// The same for every tenant.
    pub(crate) fn invalidate_all(&self) {
        for entry in self.all() {
            entry.invalidate();
        }
    }

    /// Takes out the tenants that nobody has used for `idle_ms` and whose forgetting hands out
    /// nothing.
    pub(crate) fn evict_idle(&self, now_us: i64, idle_ms: i64) -> Vec<Arc<TenantEntry>> {
        // Searched without a lock on the book: requests go on meanwhile.
        let mut gone = self.all();
        gone.retain(|entry| entry.close_if_idle(now_us, idle_ms));
        if gone.is_empty() {
            return gone;
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        for entry in &gone {
            tenants.remove(&entry.creditor);
        }
        drop(tenants);
        let mut prefixes = self
            .prefixes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        prefixes.retain(|_, entry| !entry.is_closed());
        gone
    }

    /// Every entry.
    pub(crate) fn all(&self) -> Vec<Arc<TenantEntry>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }
}
