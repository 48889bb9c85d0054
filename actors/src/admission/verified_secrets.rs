//! The cache of bcrypt results. An entry states that a secret matches a hash, which never changes.
//!
//! An entry holds the MAC of the secret under a key of this process, never the secret itself. MACs
//! are compared in constant time. An entry says nothing about the status of the key. The cache
//! outlives the tenant actors, so each process checks each key with bcrypt once.

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::bounded_cache::BoundedCache;
use crate::domain::api_key::{KeyPrefix, PresentedKey};

/// HMAC-SHA256 of a presented key under a secret of this process.
pub(crate) type Mac = [u8; 32];

/// SHA-256 of a bcrypt hash. It is half the size and keeps no second copy of the hash in memory.
pub(super) type HashDigest = [u8; 32];

/// Maximum number of entries, about 150 bytes each. A process serves far fewer keys at a time.
const MAX_VERIFIED_SECRETS: usize = 200_000;

/// The verified secrets of this process, at most one for each prefix.
#[derive(Debug, Default)]
pub(crate) struct VerifiedSecrets(BoundedCache<KeyPrefix, VerifiedSecret, MAX_VERIFIED_SECRETS>);

#[derive(Debug)]
struct VerifiedSecret {
    mac: Mac,
    /// Digest of the bcrypt hash that the secret matched. The entry is valid for this hash only.
    hash: HashDigest,
}

impl VerifiedSecrets {
    /// MAC of the secret that matched exactly this hash.
    pub(super) fn matched(&self, prefix: &KeyPrefix, hash: HashDigest) -> Option<Mac> {
        let matched = |proof: &VerifiedSecret| (proof.hash == hash).then_some(proof.mac);
        self.0.read(prefix, matched).flatten()
    }

    /// Whether this secret has ever been verified, whatever the status of its key is now.
    pub(crate) fn contains(&self, prefix: &KeyPrefix, mac: &Mac) -> bool {
        let verified = self.0.read(prefix, |proof| is_same(&proof.mac, mac));
        verified.unwrap_or_default()
    }

    /// Records that bcrypt matched the secret with the hash.
    pub(super) fn add(&self, prefix: KeyPrefix, mac: Mac, hash: HashDigest) {
        self.0.put(prefix, VerifiedSecret { mac, hash });
    }
}

/// Compares two MACs in constant time.
pub(super) fn is_same(one: &Mac, other: &Mac) -> bool {
    bool::from(one.ct_eq(other))
}

/// SHA-256 of a bcrypt hash.
pub(super) fn digest(hash: &str) -> HashDigest {
    Sha256::digest(hash.as_bytes()).into()
}

/// The MAC that identifies a presented key in the caches.
pub(crate) fn keyed_mac(presented: &PresentedKey) -> Mac {
    // The HMAC key is hashed once, not at every request.
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
