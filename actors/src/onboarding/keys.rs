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
    let file = AccountFile::open(house, creditor).await?;
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

/// Without a key: the gates are pending, or there was one.
async fn why_no_key(house: &House, creditor: CreditorId) -> Result<ApiError, ApiError> {
    let db = house.db.reader();
    let rows = onboarding::gates(db, creditor).await.or_fault()?;
    let pending = gates_from(rows.iter()).pending();
    if !pending.is_empty() {
        return Ok(ApiError::GatesPending { pending });
    }
    let row = creditors::by_id(db, creditor).await.or_fault()?;
    let suspended = row.is_some_and(|row| row.suspended_at_ms.is_some());
    let ever_issued = !keys::of_creditor(db, creditor).await.or_fault()?.is_empty();
    if suspended && !ever_issued {
        let action = "issuing the key";
        return Ok(ApiError::AccountSuspended { action });
    }
    Ok(ApiError::AlreadyRevealed)
}

async fn refuse_second_reveal(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    prefix: &str,
) -> Result<RevealedKey, ApiError> {
    if let Some(mut file) = AccountFile::open(house, creditor).await? {
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
    let file = AccountFile::open(house, creditor).await?;
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
    // Why is between support and the audit log; the creditor's receivers are told what.
    let mut data = json!({
        "prefix": prefix.as_str(),
        "previous_prefix": previous,
        "reason": "minted by support",
        "previous_expires_at": expires_ms.map(rfc3339_ms),
    });
    let event = match previous {
        Some(_) => EventType::ApiKeyRotated,
        None => EventType::ApiKeyIssued,
    };
    file.event(event, data.clone());
    data["reason"] = reason.into();
    file.audit("creditor.api_key_issued", actor, data);
    file.touch(Subject::Keys);
    file.close().await.or_fault()?;
    Ok(RevealedKey {
        api_key: full_key(&prefix, &secret),
        prefix: prefix.as_str().to_owned(),
        created_at: rfc3339_ms(now_ms),
    })
}

/// Makes room for a new key. With an overlap of 0 every older key is dead with the commit. With
/// one, the current key retires; if another is still retiring, a current key that nobody has seen
/// is replaced and the retiring one keeps the deadline that was promised.
async fn retire_old_keys(
    file: &mut AccountFile<'_>,
    overlap_hours: u32,
    now_ms: i64,
) -> Result<Option<i64>, ApiError> {
    let live =
        |key: &&api_key::Model| key.scope == KeyScope::ReadWrite && key.state != KeyState::Ended;
    let retiring = file.keys.iter().find(|key| key.state == KeyState::Retiring);
    let retiring_until = retiring
        .and_then(|key| key.expires_ms)
        .filter(|end| *end > now_ms);
    let older: Vec<api_key::Model> = file.keys.iter().filter(live).cloned().collect();
    let mut expires_ms = None;
    // The retiring one first: there may be at most one.
    for mut key in older.into_iter().rev() {
        let unseen = key.secret_hash.is_none();
        match (key.state, retiring_until) {
            (KeyState::Retiring, Some(_)) if overlap_hours > 0 => continue,
            (KeyState::Current, Some(end)) if overlap_hours > 0 && !unseen => {
                return Err(ApiError::RotationInProgress {
                    until: rfc3339_ms(end),
                });
            }
            (KeyState::Current, None) if overlap_hours > 0 && !unseen => {
                expires_ms = Some(now_ms + i64::from(overlap_hours) * HOUR_MS);
                key.state = KeyState::Retiring;
                key.expires_ms = expires_ms;
            }
            _ => end(&mut key, KeyEnd::Replaced, now_ms),
        }
        keys::save(&file.transaction, key).await.or_fault()?;
    }
    Ok(expires_ms)
}

fn end(key: &mut api_key::Model, reason: KeyEnd, now_ms: i64) {
    key.state = KeyState::Ended;
    key.ended_ms = Some(now_ms);
    key.ended_reason = Some(reason);
}

/// Ends every key of the creditor; from then on only support mints.
pub(crate) async fn revoke_by_support(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    reason: &str,
) -> Result<(), ApiError> {
    let file = AccountFile::open(house, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let now_ms = file.journal.updated_ms(creditor);
    let mut prefixes = Vec::new();
    for mut key in file.keys.clone() {
        if key.state == KeyState::Ended {
            continue;
        }
        end(&mut key, KeyEnd::Revoked, now_ms);
        prefixes.push(key.prefix.clone());
        keys::save(&file.transaction, key).await.or_fault()?;
    }
    if prefixes.is_empty() {
        return Err(ApiError::no_such(
            "live API key; there is nothing to revoke",
        ));
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
            json!({"prefix": prefix, "reason": "revoked by support"}),
        );
    }
    file.touch(Subject::Keys);
    file.close().await.or_fault()?;
    Ok(())
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
