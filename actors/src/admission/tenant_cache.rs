//! The cache of tenant entries, which outlive the tenant actors.
//!
//! A restarted or respawned tenant actor uses the existing entry, so a restart never refills a burst.
//! Code that changes a key bumps the tenant's generation here before it responds. No snapshot that
//! was loaded earlier decides a later request.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use entities::ids::CreditorId;

use super::tenant_entry::TenantEntry;
use crate::domain::api_key::KeyPrefix;

/// The entries of all tenants that were used and not evicted.
#[derive(Debug, Default)]
pub(crate) struct TenantCache {
    tenants: RwLock<HashMap<CreditorId, Arc<TenantEntry>>>,
    prefixes: RwLock<HashMap<KeyPrefix, Arc<TenantEntry>>>,
}

impl TenantCache {
    /// The entry of the tenant that owns the prefix, if the cache has it.
    pub(crate) fn by_prefix(&self, prefix: &KeyPrefix) -> Option<Arc<TenantEntry>> {
        let prefixes = self.prefixes.read().unwrap_or_else(PoisonError::into_inner);
        prefixes.get(prefix).cloned()
    }

    pub(crate) fn get(&self, creditor: CreditorId) -> Option<Arc<TenantEntry>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&creditor).cloned()
    }

    /// Maps `prefix` to the entry of the tenant and returns the entry. Creates a missing entry.
    pub(crate) fn insert_prefix(
        &self,
        prefix: KeyPrefix,
        creditor: CreditorId,
    ) -> Arc<TenantEntry> {
        let entry = self.get_or_insert(creditor);
        let mut prefixes = self
            .prefixes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = prefixes.insert(prefix, Arc::clone(&entry));
        drop(prefixes);
        if before.is_none_or(|before| !Arc::ptr_eq(&before, &entry)) {
            // The installed snapshot may be older than this key.
            entry.invalidate();
        }
        entry
    }

    /// The only current entry of a tenant; created if missing. An entry that is no longer in the
    /// cache was evicted and decides nothing.
    pub(crate) fn get_or_insert(&self, creditor: CreditorId) -> Arc<TenantEntry> {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let entry = tenants
            .entry(creditor)
            .or_insert_with(|| Arc::new(TenantEntry::new(creditor)));
        Arc::clone(entry)
    }

    /// Makes every snapshot of this tenant that was loaded before now stale.
    pub(crate) fn invalidate(&self, creditor: CreditorId) {
        if let Some(entry) = self.get(creditor) {
            entry.invalidate();
        }
    }

    /// Makes every snapshot that was loaded before now stale.
    pub(crate) fn invalidate_all(&self) {
        for entry in self.all() {
            entry.invalidate();
        }
    }

    /// Removes and returns the entries that have been idle for `idle_ms`, have no request in
    /// progress, and have full buckets.
    pub(crate) fn evict_idle(&self, mono_us: i64, idle_ms: i64) -> Vec<Arc<TenantEntry>> {
        // The search holds no lock on the cache, so it does not block requests.
        let mut gone = self.all();
        gone.retain(|entry| entry.close_if_idle(mono_us, idle_ms));
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

    /// All entries.
    pub(crate) fn all(&self) -> Vec<Arc<TenantEntry>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }
}
