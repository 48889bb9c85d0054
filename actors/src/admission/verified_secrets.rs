//! What is remembered of bcrypt: "this secret matches this hash", which stays true for ever.
//!
//! Not the secret but its MAC under a key of this process is kept, and compared in constant time.
//! Whether the key lives is no business of a proof. VerifiedSecrets outlive the actors that ask for them:
//! one bcrypt check for each key and process, whoever restarts or is let go.

use std::sync::{LazyLock, Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use lru::LruCache;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::api_key::{KeyPrefix, PresentedKey};

/// HMAC-SHA256 of a presented key under a secret of this process.
pub(crate) type Mac = [u8; 32];

/// SHA-256 of a bcrypt hash: half its size, and no second copy of it in memory.
pub(super) type HashDigest = [u8; 32];

/// Keys whose proof is kept, about 150 bytes each: far more than a process serves at a time.
const MAX_VERIFIED_SECRETS: usize = 200_000;

/// The proven secrets of this process, at most one a prefix.
#[derive(Debug)]
pub(crate) struct VerifiedSecrets(Mutex<LruCache<KeyPrefix, VerifiedSecret>>);

#[derive(Debug)]
struct VerifiedSecret {
    mac: Mac,
    /// The bcrypt hash that it matched: a proof for another one proves nothing.
    hash: HashDigest,
}

impl Default for VerifiedSecrets {
    fn default() -> Self {
        // Unbounded at first, so that nothing is reserved for keys that may never come.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl VerifiedSecrets {
    /// Initiator which the secret is known that was matched with this very hash.
    pub(super) fn matched(&self, prefix: &KeyPrefix, hash: HashDigest) -> Option<Mac> {
        let mut verified_secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let proof = verified_secrets.get(prefix)?;
        (proof.hash == hash).then_some(proof.mac)
    }

    /// Whether this very secret was ever matched, whatever has become of its key.
    pub(crate) fn were_given(&self, prefix: &KeyPrefix, mac: &Mac) -> bool {
        let mut verified_secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        verified_secrets
            .get(prefix)
            .is_some_and(|proof| is_same(&proof.mac, mac))
    }

    /// bcrypt has matched it.
    pub(super) fn add(&self, prefix: KeyPrefix, mac: Mac, hash: HashDigest) {
        let mut verified_secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        verified_secrets.put(prefix, VerifiedSecret { mac, hash });
        if verified_secrets.len() > MAX_VERIFIED_SECRETS {
            verified_secrets.pop_lru();
        }
    }
}

/// Compares in constant time.
pub(super) fn is_same(one: &Mac, other: &Mac) -> bool {
    bool::from(one.ct_eq(other))
}

/// The digest of a bcrypt hash.
pub(super) fn digest(hash: &str) -> HashDigest {
    Sha256::digest(hash.as_bytes()).into()
}

/// The MAC under which a presented key is remembered.
pub(crate) fn keyed_mac(presented: &PresentedKey) -> Mac {
    // The key's two blocks are hashed once, not at every request.
    static KEYED: LazyLock<Hmac<Sha256>> = LazyLock::new(|| {
        let mut key = [0; 64];
        crate::infra::entropy(&mut key);
        Hmac::new(&key.into())
    });
    let mac = KEYED.clone();
    mac.chain_update(presented.prefix.as_str())
        .chain_update(presented.secret.expose())
        .finalize()
        .into_bytes()
        .into()
}
