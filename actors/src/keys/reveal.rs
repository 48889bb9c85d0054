//! The reveal: generates, hashes and returns a key's secret, exactly once.

use entities::ids::CreditorId;
use entities::queries::{creditors, keys, onboarding};
use serde_json::json;

use super::generate::generate_secret_and_hash;
use super::handle::Keys;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, RevealedKey};
use crate::creditor::{CreditorTransaction, gates_from};
use crate::domain::api_key::{KeyPrefix, full_key};
use crate::domain::date::rfc3339_ms;

/// Generates the secret of the current key and returns it, exactly once.
pub(crate) async fn reveal(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
) -> Result<RevealedKey, ApiError> {
    let db = keys.env.db.reader();
    let Some(key) = keys::current(db, creditor).await? else {
        let why = why_no_key(keys, creditor).await?;
        return refuse(keys, creditor, actor, None, why).await;
    };
    let refused = async || {
        let (prefix, why) = (Some(key.prefix.as_str()), ApiError::AlreadyRevealed);
        refuse(keys, creditor, actor, prefix, why).await
    };
    if key.secret_hash.is_some() {
        return refused().await;
    }
    let prefix = KeyPrefix::parse(&key.prefix).map_err(|_| ApiError::Internal)?;
    let (secret, hash) = generate_secret_and_hash(keys, &prefix).await?;
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let now_ms = transaction.outbox.updated_ms(creditor);
    let revealed = keys::reveal(&transaction.db, creditor, key.id, &hash, now_ms).await;
    if !revealed? {
        drop(transaction);
        return refused().await;
    }
    transaction.audit(
        "creditor.api_key_revealed",
        actor,
        json!({"prefix": key.prefix}),
    );
    transaction.mark_changed(ChangeKind::Keys);
    transaction.commit().await?;
    Ok(RevealedKey {
        api_key: full_key(&prefix, &secret),
        prefix: key.prefix,
        created_at: rfc3339_ms(key.created_ms),
        previous_expires_at: None,
    })
}

/// The reason why a creditor has no current key.
async fn why_no_key(keys: &Keys, creditor: CreditorId) -> Result<ApiError, ApiError> {
    let db = keys.env.db.reader();
    // Gates apply to the first key only.
    if !keys::of_creditor(db, creditor).await?.is_empty() {
        return Ok(ApiError::AlreadyRevealed);
    }
    let rows = onboarding::gates(db, creditor).await?;
    let pending = gates_from(rows.iter()).pending();
    if !pending.is_empty() {
        return Ok(ApiError::GatesPending { pending });
    }
    let row = creditors::by_id(db, creditor).await?;
    Ok(match row {
        Some(row) if row.support_only_mint => ApiError::SupportRequired,
        Some(row) if row.suspended_at_ms.is_some() => {
            let action = "issuing the key";
            ApiError::AccountSuspended { action }
        }
        // The last gate passed after the key was looked up. A retry finds the key.
        _ => ApiError::Overloaded,
    })
}

/// Records a refused reveal and its reason in the audit log, then returns the error.
async fn refuse(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
    prefix: Option<&str>,
    why: ApiError,
) -> Result<RevealedKey, ApiError> {
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let data = json!({"prefix": prefix, "reason": why.to_string()});
    transaction.audit("creditor.api_key_reveal_refused", actor, data);
    transaction.commit().await?;
    Err(why)
}
