//! What is remembered of bcrypt: "this secret matches this hash", which stays true for ever.
//!
//! Not the secret but its MAC under a key of this process is kept, and compared in constant time.
//! Whether the key lives is no business of a proof. Proofs outlive the actors that ask for them:
//! one bcrypt check for each key and process, whoever restarts or is let go.

use std::sync::{LazyLock, Mutex, PoisonError};

use entities::ids::KeyId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lru::LruCache;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::api_key::PresentedKey;

/// HMAC-SHA256 of a presented key under a secret of this process.
pub(crate) type Mac = [u8; 32];

/// SHA-256 of a bcrypt hash: half its size, and no second copy of it in memory.
pub(super) type HashDigest = [u8; 32];

/// Keys whose proof is kept, about 150 bytes each: far more than a process serves at a time.
const MOST_PROOFS: usize = 200_000;

/// The proven secrets of this process, at most one a key.
#[derive(Debug)]
pub(crate) struct Proofs(Mutex<LruCache<KeyId, Proof>>);

#[derive(Debug)]
struct Proof {
    mac: Mac,
    /// The bcrypt hash that it matched: a proof for another one proves nothing.
    hash: HashDigest,
}

impl Default for Proofs {
    fn default() -> Self {
        // Unbounded at first, so that nothing is reserved for keys that may never come.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Proofs {
    /// Whether this very secret was matched with this very hash.
    pub(super) fn holds(&self, key: KeyId, mac: &Mac, hash: HashDigest) -> bool {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(proof) = proofs.get(&key) else {
            return false;
        };
        bool::from(proof.mac.ct_eq(mac)) && proof.hash == hash
    }

    /// bcrypt has matched it.
    pub(super) fn add(&self, key: KeyId, mac: Mac, hash: HashDigest) {
        let mut proofs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        proofs.put(key, Proof { mac, hash });
        if proofs.len() > MOST_PROOFS {
            proofs.pop_lru();
        }
    }
}

/// The digest of a bcrypt hash.
pub(super) fn digest(hash: &str) -> HashDigest {
    Sha256::digest(hash.as_bytes()).into()
}

/// The MAC under which a presented key is remembered.
pub(crate) fn keyed_mac(presented: &PresentedKey) -> Mac {
    static PROCESS_KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let mut key = [0; 32];
        crate::vault::entropy(&mut key);
        key
    });
    let mac = Hmac::<Sha256>::new_from_slice(PROCESS_KEY.as_slice());
    // HMAC takes keys of any length; an empty MAC would only mean one more bcrypt check.
    mac.map_or([0; 32], |mac| {
        mac.chain_update(presented.prefix.as_str())
            .chain_update(presented.secret.expose())
            .finalize()
            .into_bytes()
            .into()
    })
}
