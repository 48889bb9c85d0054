//! Minting: a prefix, a secret and its hash are generated outside any transaction, which then only
//! decides who won.

use entities::api_key::{self, KeyOrigin, KeyScope, KeyState};
use entities::ids::KeyId;
use secrecy::SecretString;
use uuid::Uuid;

use super::handle::Keys;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, DbResultExt as _, RevealedKey};
use crate::creditor::CreditorTransaction;
use crate::domain::api_key::{KeyPrefix, KeySecret, full_key, generate_prefix, generate_secret};
use crate::domain::date::rfc3339_ms;
use crate::infra::entropy;

/// A key that exists nowhere yet.
pub(super) struct GeneratedKey {
    pub(super) prefix: KeyPrefix,
    secret: KeySecret,
    hash: String,
}

/// Draws a whole key.
pub(super) async fn generate_key(keys: &Keys) -> Result<GeneratedKey, ApiError> {
    let prefix = generate_prefix(&mut entropy);
    let (secret, hash) = generate_secret_and_hash(keys, &prefix).await?;
    Ok(GeneratedKey {
        prefix,
        secret,
        hash,
    })
}

/// A fresh secret for `prefix`, and its bcrypt hash.
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

/// Keys that a creditor may mint for itself in a day: a rotation that runs wild fills the database
/// and everybody's memory.
const MAX_A_DAY: usize = 100;
const DAY_MS: i64 = 24 * 3_600_000;

/// The creditor may not mint without end; support may.
pub(super) fn within_quota(transaction: &CreditorTransaction<'_>) -> Result<(), ApiError> {
    let since_ms = transaction.outbox.now_ms() - DAY_MS;
    let by_itself = |key: &&api_key::Model| key.origin == KeyOrigin::SelfServe;
    let minted = transaction.keys.iter().filter(by_itself);
    let mut recent: Vec<i64> = minted
        .map(|key| key.created_ms)
        .filter(|created_ms| *created_ms > since_ms)
        .collect();
    recent.sort_unstable_by(|a, b| b.cmp(a));
    // There is room again when the oldest that fills the quota is a day old.
    match recent.get(MAX_A_DAY - 1) {
        Some(fills_it_ms) => Err(ApiError::TooManyAttempts {
            retry_after_s: u64::try_from(fills_it_ms - since_ms)
                .unwrap_or_default()
                .div_ceil(1_000),
        }),
        None => Ok(()),
    }
}

impl GeneratedKey {
    /// Inserts the key in the creditor's open transaction; there must be no live one of its scope. It may
    /// be used from where its predecessor could be: a rotation must not open a door.
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
            expiring_told_ms: None,
            allowed_networks: predecessor.and_then(|key| key.allowed_networks.clone()),
            ended_ms: None,
            ended_reason: None,
        };
        entities::queries::keys::insert(&transaction.db, row)
            .await
            .map_db_error()?;
        transaction.mark_changed(ChangeKind::Keys);
        Ok(RevealedKey {
            api_key: full_key(&self.prefix, &self.secret),
            prefix: self.prefix.as_str().to_owned(),
            created_at: rfc3339_ms(now_ms),
            previous_expires_at: None,
        })
    }
}
