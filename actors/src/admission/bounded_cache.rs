//! A cache of bounded size that threads share.

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// At most `MAX` entries, of which the least recently used is evicted first.
#[derive(Debug)]
pub(crate) struct BoundedCache<K: Hash + Eq, V, const MAX: usize>(Mutex<LruCache<K, V>>);

impl<K: Hash + Eq, V, const MAX: usize> Default for BoundedCache<K, V, MAX> {
    fn default() -> Self {
        // `put` enforces the bound. A bounded `LruCache` would allocate its full capacity now.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl<K: Hash + Eq, V, const MAX: usize> BoundedCache<K, V, MAX> {
    /// Reads the entry of `key`, which becomes the most recently used one.
    pub(crate) fn read<T>(&self, key: &K, read: impl FnOnce(&V) -> T) -> Option<T> {
        self.lock().get(key).map(read)
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let mut entries = self.lock();
        entries.put(key, value);
        if entries.len() > MAX {
            entries.pop_lru();
        }
    }

    /// Removes the entry of `key` and returns it.
    pub(crate) fn pop(&self, key: &K) -> Option<V> {
        self.lock().pop(key)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
