//! Rotation: a new key is minted, the old one ends at once or retires for a while.

use entities::api_key::{self, KeyEnd, KeyOrigin, KeyScope, KeyState};
use entities::ids::CreditorId;
use entities::queries::{creditors, keys};
use serde_json::json;

use super::changes::{Initiator, end, save};
use super::generate::{generate_key, within_quota};
use super::handle::Keys;
use crate::contract::{ApiError, DbResultExt as _, RevealedKey};
use crate::creditor::{CreditorTransaction, current_key};
use crate::domain::date::rfc3339_ms;
use crate::domain::key_rotation;
use crate::domain::key_rotation::{CurrentKey, Fate};
use crate::outbox::EventType;

const HOUR_MS: i64 = 3_600_000;

/// Mints a new full-access key; the old one ends at once, or retires for `overlap_hours`.
pub(crate) async fn rotate(
    keys: &Keys,
    creditor: CreditorId,
    by: Initiator<'_>,
    overlap_hours: u32,
) -> Result<RevealedKey, ApiError> {
    // What this process knows of the last uses, the database shall know: a key that is in use
    // must not look as if it had never been.
    keys.flush_usage().await;
    let generated = generate_key(keys).await?;
    let prefix = generated.prefix;
    let transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let mut transaction = transaction.ok_or(ApiError::not_found("creditor"))?;
    may_mint(&transaction, by)?;
    let previous = current_key(&transaction.keys).map(|key| key.prefix.clone());
    let retired = retire_old_keys(&mut transaction, overlap_hours).await?;
    let origin = match by {
        Initiator::Owner { .. } => KeyOrigin::SelfServe,
        Initiator::Support { .. } => KeyOrigin::Support,
    };
    let mut minted = generated
        .insert(&mut transaction, KeyScope::ReadWrite, origin)
        .await?;
    minted.previous_expires_at = retired.current_until_ms.map(rfc3339_ms);
    if transaction.creditor.support_only_mint {
        // Support has minted again: the creditor may rotate that key like any other.
        transaction.creditor.support_only_mint = false;
        creditors::save(&transaction.db, transaction.creditor.clone())
            .await
            .map_db_error()?;
    }
    let told = RotationEvent {
        prefix: prefix.as_str(),
        previous: previous.as_deref(),
        retired: &retired,
        previous_expires_at: minted.previous_expires_at.as_deref(),
    };
    tell(&mut transaction, by, &told);
    transaction.commit().await.map_db_error()?;
    Ok(minted)
}

/// What became of the older keys.
#[derive(Debug)]
struct Retired {
    /// When the current one stops, if it retires.
    current_until_ms: Option<i64>,
    /// The one that was retiring, if it ended before its time.
    cut_short: Option<String>,
}

/// The first key is issued by itself, and after a revoke by support only support mints.
fn may_mint(transaction: &CreditorTransaction<'_>, by: Initiator<'_>) -> Result<(), ApiError> {
    let ever_issued = transaction
        .keys
        .iter()
        .any(|key| key.scope == KeyScope::ReadWrite);
    let pending = transaction.gates().pending();
    if !ever_issued && !pending.is_empty() {
        return Err(ApiError::GatesPending { pending });
    }
    let by_owner = matches!(by, Initiator::Owner { .. });
    if by_owner {
        within_quota(transaction)?;
    }
    if by_owner && transaction.creditor.support_only_mint {
        return Err(ApiError::SupportOnlyMints);
    }
    if by_owner
        && transaction.creditor.suspended_at_ms.is_some()
        && current_key(&transaction.keys).is_none()
    {
        let action = "minting a key";
        return Err(ApiError::AccountSuspended { action });
    }
    Ok(())
}

/// Makes room for a new key, as the rule says.
async fn retire_old_keys(
    transaction: &mut CreditorTransaction<'_>,
    overlap_hours: u32,
) -> Result<Retired, ApiError> {
    let now_ms = transaction.outbox.updated_ms(transaction.creditor.id);
    let retiring = transaction
        .keys
        .iter()
        .find(|key| key.state == KeyState::Retiring);
    let (retiring, current) = (retiring.cloned(), current_key(&transaction.keys).cloned());
    let known = match &current {
        Some(key) => describe(transaction, key).await?,
        // There is none to wait for: whatever is retiring keeps what it was promised.
        None => CurrentKey {
            revealed: false,
            used: false,
            expires_ms: None,
        },
    };
    let until_ms = retiring.as_ref().and_then(|key| key.expires_ms);
    let overlap_ms = i64::from(overlap_hours) * HOUR_MS;
    let plan =
        key_rotation::rotate(known, until_ms, overlap_ms, now_ms).map_err(|in_progress| {
            ApiError::RotationInProgress {
                until: rfc3339_ms(in_progress.until_ms),
            }
        })?;
    let cut_short = retiring
        .as_ref()
        .filter(|_| plan.retiring == Fate::Replaced);
    let cut_short = cut_short.map(|key| key.prefix.clone());
    // The retiring one first: there may be at most one.
    for (key, fate) in [(retiring, plan.retiring), (current, plan.current)] {
        if let Some(key) = key {
            meet(transaction, key, fate, now_ms).await?;
        }
    }
    Ok(Retired {
        current_until_ms: match plan.current {
            Fate::RetiresUntil(until_ms) => Some(until_ms),
            Fate::Replaced | Fate::Expired | Fate::Stays => None,
        },
        cut_short,
    })
}

async fn describe(
    transaction: &CreditorTransaction<'_>,
    key: &api_key::Model,
) -> Result<CurrentKey, ApiError> {
    let uses = keys::last_uses(&transaction.db, &[key.id])
        .await
        .map_db_error()?;
    Ok(CurrentKey {
        revealed: key.secret_hash.is_some(),
        used: !uses.is_empty(),
        expires_ms: key.expires_ms,
    })
}

async fn meet(
    transaction: &mut CreditorTransaction<'_>,
    mut key: api_key::Model,
    fate: Fate,
    now_ms: i64,
) -> Result<(), ApiError> {
    match fate {
        Fate::Stays => Ok(()),
        Fate::Replaced => end(transaction, key, KeyEnd::Replaced).await,
        Fate::Expired => end(transaction, key, KeyEnd::Expired).await,
        Fate::RetiresUntil(until_ms) => {
            key.state = KeyState::Retiring;
            key.retired_ms = Some(now_ms);
            key.expires_ms = Some(until_ms);
            save(transaction, key).await
        }
    }
}

/// What there is to tell of a rotation.
struct RotationEvent<'a> {
    prefix: &'a str,
    previous: Option<&'a str>,
    previous_expires_at: Option<&'a str>,
    retired: &'a Retired,
}

/// Support's reason is between support and the audit log; the creditor's receivers are told what.
fn tell(transaction: &mut CreditorTransaction<'_>, by: Initiator<'_>, what: &RotationEvent<'_>) {
    let event = match what.previous {
        Some(_) => EventType::ApiKeyRotated,
        None => EventType::ApiKeyIssued,
    };
    let (told, noted) = match by {
        Initiator::Owner { .. } => ("rotated by the creditor", "rotated by the creditor"),
        Initiator::Support { reason, .. } => ("minted by support", reason),
    };
    let mut data = json!({
        "prefix": what.prefix,
        "scope": KeyScope::ReadWrite.as_str(),
        "previous_prefix": what.previous,
        "previous_expires_at": what.previous_expires_at,
        "reason": told,
    });
    transaction.event(event, data.clone());
    if let Some(prefix) = &what.retired.cut_short {
        let scope = KeyScope::ReadWrite.as_str();
        let reason = "replaced before its overlap was over";
        let data = json!({"prefix": prefix, "scope": scope, "reason": reason});
        transaction.event(EventType::ApiKeyRevoked, data);
    }
    data["reason"] = noted.into();
    data["cut_short"] = what.retired.cut_short.clone().into();
    transaction.audit("creditor.api_key_issued", by.actor(), data);
}
