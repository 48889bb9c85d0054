//! Key generation.
//!
//! The prefix, the secret and its hash are generated before a transaction begins, because bcrypt is slow. The
//! transaction then only checks the rules and inserts the row.

use entities::api_key::{self, KeyOrigin, KeyScope, KeyState};
use entities::ids::KeyId;
use secrecy::SecretString;
use uuid::Uuid;

use super::handle::Keys;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, RevealedKey};
use crate::creditor::CreditorTransaction;
use crate::domain::api_key::{KeyPrefix, KeySecret, full_key, generate_prefix, generate_secret};
use crate::domain::date::rfc3339_ms;
use crate::infra::entropy;

/// A generated key that is not stored yet.
pub(super) struct GeneratedKey {
    pub(super) prefix: KeyPrefix,
    secret: KeySecret,
    hash: String,
}

/// Generates the prefix, the secret and the hash of a key.
pub(super) async fn generate_key(keys: &Keys) -> Result<GeneratedKey, ApiError> {
    let prefix = generate_prefix(&mut entropy);
    let (secret, hash) = generate_secret_and_hash(keys, &prefix).await?;
    Ok(GeneratedKey {
        prefix,
        secret,
        hash,
    })
}

/// Generates a secret for `prefix` and its bcrypt hash.
pub(super) async fn generate_secret_and_hash(
    keys: &Keys,
    prefix: &KeyPrefix,
) -> Result<(KeySecret, String), ApiError> {
    let secret = generate_secret(prefix, &mut entropy);
    let text = SecretString::from(secret.expose());
    let cost = keys.env.settings.key_bcrypt_cost;
    let hash = keys.bcrypt.hash(text, cost).await?;
    Ok((secret, hash))
}

/// Maximum number of keys that a creditor may mint for itself in 24 hours. A client that rotates in a loop would
/// otherwise fill the database and the caches of every node.
const MAX_KEYS_PER_DAY: usize = 100;
const DAY_MS: i64 = 24 * 3_600_000;

/// Checks the daily quota of keys that the creditor mints itself. Keys minted by support do not count.
pub(super) fn check_daily_quota(transaction: &CreditorTransaction<'_>) -> Result<(), ApiError> {
    let since_ms = transaction.outbox.now_ms() - DAY_MS;
    let self_serve = |key: &&api_key::Model| key.origin == KeyOrigin::SelfServe;
    let minted = transaction.keys.iter().filter(self_serve);
    let mut recent: Vec<i64> = minted
        .map(|key| key.created_ms)
        .filter(|created_ms| *created_ms > since_ms)
        .collect();
    recent.sort_unstable_by(|a, b| b.cmp(a));
    // The quota frees up when the oldest key that counts towards it is a day old.
    match recent.get(MAX_KEYS_PER_DAY - 1) {
        Some(oldest_ms) => Err(ApiError::TooManyAttempts {
            retry_after_s: u64::try_from(oldest_ms - since_ms)
                .unwrap_or_default()
                .div_ceil(1_000),
        }),
        None => Ok(()),
    }
}

impl GeneratedKey {
    /// Inserts the key in the creditor's open transaction. No current key of the same scope may exist.
    ///
    /// The key inherits the IP allowlist of its predecessor, so that a rotation never widens access.
    pub(super) async fn insert(
        self,
        transaction: &mut CreditorTransaction<'_>,
        scope: KeyScope,
        origin: KeyOrigin,
    ) -> Result<RevealedKey, ApiError> {
        let creditor = transaction.creditor.id;
        let now_ms = transaction.outbox.updated_ms(creditor);
        let predecessor = transaction.keys.iter().find(|key| key.scope == scope);
        let row = api_key::Model {
            id: KeyId(Uuid::now_v7()),
            creditor_id: creditor,
            prefix: self.prefix.as_str().to_owned(),
            scope,
            state: KeyState::Current,
            origin,
            secret_hash: Some(self.hash),
            created_ms: now_ms,
            revealed_ms: Some(now_ms),
            expires_ms: None,
            retired_ms: None,
            expiry_notified_ms: None,
            allowed_networks: predecessor.and_then(|key| key.allowed_networks.clone()),
            ended_ms: None,
            ended_reason: None,
        };
        entities::queries::insert(&transaction.db, row).await?;
        transaction.mark_changed(ChangeKind::Keys);
        Ok(RevealedKey {
            api_key: full_key(&self.prefix, &self.secret),
            prefix: self.prefix.as_str().to_owned(),
            created_at: rfc3339_ms(now_ms),
            previous_expires_at: None,
        })
    }
}
