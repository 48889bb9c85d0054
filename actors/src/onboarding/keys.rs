//! The life of the full-access key after its issue: one reveal, rotation, revocation.
//!
//! A secret is drawn and hashed outside any transaction; the transaction only decides who won.

use entities::api_key::{self, KeyEnd, KeyOrigin, KeyScope, KeyState};
use entities::ids::{CreditorId, KeyId};
use entities::queries::{creditors, keys, onboarding};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::file::{AccountFile, Subject};
use super::status::{current_key, gates_from};
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::api::view::RevealedKey;
use crate::delivery::EventType;
use crate::domain::api_key::{KeyPrefix, KeySecret, full_key, generate_prefix, generate_secret};
use crate::domain::date::rfc3339_ms;
use crate::house::House;
use crate::vault::entropy;

const HOUR_MS: i64 = 3_600_000;

/// Draws the key's secret and shows it, exactly once.
pub(crate) async fn reveal(
    house: &House,
    creditor: CreditorId,
    actor: &str,
) -> Result<RevealedKey, ApiError> {
    let db = house.db.reader();
    let Some(key) = keys::current(db, creditor).await.or_fault()? else {
        return Err(why_no_key(house, creditor).await?);
    };
    if key.secret_hash.is_some() {
        return refuse_second_reveal(house, creditor, actor, &key.prefix).await;
    }
    let prefix = KeyPrefix::parse(&key.prefix).map_err(|_| ApiError::Internal)?;
    let (secret, hash) = draw_secret(house, &prefix).await?;
    let file = AccountFile::open(house, creditor).await.or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let now_ms = file.journal.updated_ms(creditor);
    if !keys::reveal(&file.transaction, creditor, key.id, &hash, now_ms)
        .await
        .or_fault()?
    {
        drop(file);
        return refuse_second_reveal(house, creditor, actor, &key.prefix).await;
    }
    file.audit(
        "creditor.api_key_revealed",
        actor,
        json!({"prefix": key.prefix}),
    );
    file.touch(Subject::Keys);
    file.close().await.or_fault()?;
    Ok(RevealedKey {
        api_key: full_key(&prefix, &secret),
        prefix: key.prefix,
        created_at: rfc3339_ms(key.created_ms),
    })
}

/// Without a key: either the gates are pending, or support has taken it away.
async fn why_no_key(house: &House, creditor: CreditorId) -> Result<ApiError, ApiError> {
    let rows = onboarding::gates(house.db.reader(), creditor)
        .await
        .or_fault()?;
    let pending = gates_from(rows.iter()).pending();
    if pending.is_empty() {
        // It was revoked, or its issue is under way; both are for support or a moment's patience.
        return Ok(ApiError::no_such(
            "live API key; after a revocation only support mints a new one",
        ));
    }
    Ok(ApiError::GatesPending { pending })
}

async fn refuse_second_reveal(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    prefix: &str,
) -> Result<RevealedKey, ApiError> {
    if let Some(mut file) = AccountFile::open(house, creditor).await.or_fault()? {
        file.audit(
            "creditor.api_key_reveal_refused",
            actor,
            json!({"prefix": prefix}),
        );
        file.close().await.or_fault()?;
    }
    Err(ApiError::AlreadyRevealed)
}

/// Mints a new key; the old one ends at once, or retires for `overlap_hours`.
pub(crate) async fn rotate_by_support(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    reason: &str,
    overlap_hours: u32,
) -> Result<RevealedKey, ApiError> {
    let prefix = generate_prefix(&mut entropy);
    let (secret, hash) = draw_secret(house, &prefix).await?;
    let file = AccountFile::open(house, creditor).await.or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let pending = file.gates().pending();
    if file.keys.is_empty() && !pending.is_empty() {
        return Err(ApiError::GatesPending { pending });
    }
    let now_ms = file.journal.updated_ms(creditor);
    let previous = current_key(&file.keys).map(|key| key.prefix.clone());
    let expires_ms = retire_old_keys(&mut file, overlap_hours, now_ms).await?;
    let key = minted(creditor, &prefix, hash, now_ms);
    keys::insert(&file.transaction, key).await.or_fault()?;
    let data = json!({
        "prefix": prefix.as_str(),
        "previous_prefix": previous,
        "reason": reason,
        "previous_expires_at": expires_ms.map(rfc3339_ms),
    });
    file.audit("creditor.api_key_issued", actor, data.clone());
    file.event(EventType::ApiKeyRotated, data);
    file.touch(Subject::Keys);
    file.close().await.or_fault()?;
    Ok(RevealedKey {
        api_key: full_key(&prefix, &secret),
        prefix: prefix.as_str().to_owned(),
        created_at: rfc3339_ms(now_ms),
    })
}

/// Ends the retiring key, and ends or retires the current one. With an overlap of 0 every older
/// key is dead with the commit.
async fn retire_old_keys(
    file: &mut AccountFile<'_>,
    overlap_hours: u32,
    now_ms: i64,
) -> Result<Option<i64>, ApiError> {
    let mut expires_ms = None;
    let older: Vec<api_key::Model> = file
        .keys
        .iter()
        .filter(|key| key.scope == KeyScope::ReadWrite && key.state != KeyState::Ended)
        .cloned()
        .collect();
    // The retiring one first: there may be at most one.
    for mut key in older.into_iter().rev() {
        let retires =
            key.state == KeyState::Current && overlap_hours > 0 && key.secret_hash.is_some();
        if retires {
            expires_ms = Some(now_ms + i64::from(overlap_hours) * HOUR_MS);
            key.state = KeyState::Retiring;
            key.expires_ms = expires_ms;
        } else {
            key.state = KeyState::Ended;
            key.ended_ms = Some(now_ms);
            key.ended_reason = Some(KeyEnd::Replaced);
        }
        keys::save(&file.transaction, key).await.or_fault()?;
    }
    Ok(expires_ms)
}

/// Ends every key of the creditor; from then on only support mints.
pub(crate) async fn revoke_by_support(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    reason: &str,
) -> Result<(), ApiError> {
    let file = AccountFile::open(house, creditor).await.or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let now_ms = file.journal.updated_ms(creditor);
    let mut prefixes = Vec::new();
    for mut key in file.keys.clone() {
        if key.state == KeyState::Ended {
            continue;
        }
        key.state = KeyState::Ended;
        key.ended_ms = Some(now_ms);
        key.ended_reason = Some(KeyEnd::Revoked);
        prefixes.push(key.prefix.clone());
        keys::save(&file.transaction, key).await.or_fault()?;
    }
    file.creditor.support_only_mint = true;
    creditors::save(&file.transaction, file.creditor.clone())
        .await
        .or_fault()?;
    file.audit(
        "creditor.api_key_revoked",
        actor,
        json!({"prefixes": prefixes, "reason": reason}),
    );
    if let Some(prefix) = prefixes.first() {
        file.event(
            EventType::ApiKeyRevoked,
            json!({"prefix": prefix, "reason": reason}),
        );
    }
    file.touch(Subject::Keys);
    file.close().await.or_fault()
}

async fn draw_secret(house: &House, prefix: &KeyPrefix) -> Result<(KeySecret, String), ApiError> {
    let secret = generate_secret(prefix, &mut entropy);
    let text = SecretString::from(secret.expose());
    let cost = house.settings.key_bcrypt_cost;
    let hash = house.key_bcrypt.hash(text, cost).await?;
    Ok((secret, hash))
}

fn minted(
    creditor: CreditorId,
    prefix: &KeyPrefix,
    secret_hash: String,
    now_ms: i64,
) -> api_key::Model {
    api_key::Model {
        id: KeyId(Uuid::now_v7()),
        creditor_id: creditor,
        prefix: prefix.as_str().to_owned(),
        scope: KeyScope::ReadWrite,
        state: KeyState::Current,
        origin: KeyOrigin::Support,
        secret_hash: Some(secret_hash),
        created_ms: now_ms,
        revealed_ms: Some(now_ms),
        expires_ms: None,
        ended_ms: None,
        ended_reason: None,
    }
}
