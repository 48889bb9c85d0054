//! Rotation of the full-access key.

use entities::api_key::{self, KeyEndReason, KeyOrigin, KeyScope, KeyState};
use entities::ids::CreditorId;
use entities::queries::{self, keys};
use serde_json::json;

use super::changes::{Initiator, end, save};
use super::generate::{check_daily_quota, generate_key};
use super::handle::Keys;
use crate::contract::{ApiError, RevealedKey};
use crate::creditor::{CreditorTransaction, current_key};
use crate::domain::date::rfc3339_ms;
use crate::domain::key_rotation;
use crate::domain::key_rotation::{CurrentKey, OldKeyEffect};
use crate::outbox::EventType;

const HOUR_MS: i64 = 3_600_000;

/// Mints a new full-access key. The old key retires for `overlap_hours`; with 0 it ends immediately.
pub(crate) async fn rotate(
    keys: &Keys,
    creditor: CreditorId,
    by: Initiator<'_>,
    overlap_hours: u32,
) -> Result<RevealedKey, ApiError> {
    // The rotation reads key usage from the database. Without the flush, a key that is in use could look unused
    // and be replaced without an overlap.
    keys.flush_usage().await;
    let generated = generate_key(keys).await?;
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    check_may_mint(&transaction, by)?;
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
        // Support minted a new key, so the creditor may rotate it again.
        transaction.creditor.support_only_mint = false;
        queries::save(&transaction.db, transaction.creditor.clone()).await?;
    }
    record_rotation(&mut transaction, by, previous.as_deref(), &minted, &retired);
    transaction.commit().await?;
    Ok(minted)
}

/// The effect of a rotation on the older keys.
#[derive(Debug)]
struct Retired {
    /// When the previously current key expires, if it retires. Epoch milliseconds.
    current_until_ms: Option<i64>,
    /// The prefix of the retiring key, if the rotation ended it before its expiry.
    cut_short: Option<String>,
}

/// Checks whether `by` may mint a key now.
///
/// Onboarding issues the first key automatically. After a revocation by support, only support can mint.
fn check_may_mint(
    transaction: &CreditorTransaction<'_>,
    by: Initiator<'_>,
) -> Result<(), ApiError> {
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
        check_daily_quota(transaction)?;
    }
    if by_owner && transaction.creditor.support_only_mint {
        return Err(ApiError::SupportRequired);
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

/// Retires or ends the older keys, as [`key_rotation::rotate`] decides.
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
        // No current key: the rotation has nothing to retire, and a retiring key keeps its expiry.
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
        .filter(|_| plan.retiring == OldKeyEffect::Revoked);
    let cut_short = cut_short.map(|key| key.prefix.clone());
    // The retiring key first, because at most one key may be retiring.
    for (key, fate) in [(retiring, plan.retiring), (current, plan.current)] {
        if let Some(key) = key {
            apply_fate(transaction, key, fate, now_ms).await?;
        }
    }
    Ok(Retired {
        current_until_ms: match plan.current {
            OldKeyEffect::RetiresUntil(until_ms) => Some(until_ms),
            OldKeyEffect::Revoked | OldKeyEffect::Expired | OldKeyEffect::Unchanged => None,
        },
        cut_short,
    })
}

async fn describe(
    transaction: &CreditorTransaction<'_>,
    key: &api_key::Model,
) -> Result<CurrentKey, ApiError> {
    let uses = keys::last_uses(&transaction.db, &[key.id]).await?;
    Ok(CurrentKey {
        revealed: key.secret_hash.is_some(),
        used: !uses.is_empty(),
        expires_ms: key.expires_ms,
    })
}

async fn apply_fate(
    transaction: &mut CreditorTransaction<'_>,
    mut key: api_key::Model,
    fate: OldKeyEffect,
    now_ms: i64,
) -> Result<(), ApiError> {
    match fate {
        OldKeyEffect::Unchanged => Ok(()),
        OldKeyEffect::Revoked => end(transaction, key, KeyEndReason::Replaced).await,
        OldKeyEffect::Expired => end(transaction, key, KeyEndReason::Expired).await,
        OldKeyEffect::RetiresUntil(until_ms) => {
            key.state = KeyState::Retiring;
            key.retired_ms = Some(now_ms);
            key.expires_ms = Some(until_ms);
            save(transaction, key).await
        }
    }
}

/// Appends the event and the audit entry of a rotation.
///
/// The reason that support gives appears only in the audit entry. The event carries a generic reason.
fn record_rotation(
    transaction: &mut CreditorTransaction<'_>,
    by: Initiator<'_>,
    previous: Option<&str>,
    minted: &RevealedKey,
    retired: &Retired,
) {
    let event = match previous {
        Some(_) => EventType::ApiKeyRotated,
        None => EventType::ApiKeyIssued,
    };
    let (public_reason, audit_reason) = match by {
        Initiator::Owner { .. } => ("rotated by the creditor", "rotated by the creditor"),
        Initiator::Support { reason, .. } => ("minted by support", reason),
    };
    let mut data = json!({
        "prefix": minted.prefix,
        "scope": KeyScope::ReadWrite.as_str(),
        "previous_prefix": previous,
        "previous_expires_at": minted.previous_expires_at,
        "reason": public_reason,
    });
    transaction.event(event, data.clone());
    if let Some(prefix) = &retired.cut_short {
        let scope = KeyScope::ReadWrite.as_str();
        let reason = "replaced before its overlap ended";
        let data = json!({"prefix": prefix, "scope": scope, "reason": reason});
        transaction.event(EventType::ApiKeyRevoked, data);
    }
    data["reason"] = audit_reason.into();
    data["cut_short"] = retired.cut_short.clone().into();
    transaction.audit("creditor.api_key_issued", by.actor(), data);
}
