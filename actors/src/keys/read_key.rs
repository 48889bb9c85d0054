//! The read-only key, for example for a data warehouse. A creditor has at most one.

use entities::api_key::{KeyEndReason, KeyOrigin, KeyScope, KeyState};
use entities::ids::CreditorId;
use serde_json::json;

use super::changes::{Initiator, end};
use super::generate::{check_daily_quota, generate_key};
use super::handle::Keys;
use super::revoke::revoke_matching;
use crate::contract::{ApiError, RevealedKey};
use crate::creditor::CreditorTransaction;
use crate::outbox::EventType;

/// Mints the read-only key and ends the previous one immediately.
///
/// # Errors
/// [`ApiError::GatesPending`] before the full-access key was issued, [`ApiError::SupportRequired`] after support
/// revoked all keys, [`ApiError::TooManyAttempts`] over the daily quota.
pub(crate) async fn rotate_read_key(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
) -> Result<RevealedKey, ApiError> {
    let generated = generate_key(keys).await?;
    let prefix = generated.prefix;
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let pending = transaction.gates().pending();
    if transaction.keys.is_empty() && !pending.is_empty() {
        return Err(ApiError::GatesPending { pending });
    }
    if transaction.creditor.support_only_mint {
        return Err(ApiError::SupportRequired);
    }
    check_daily_quota(&transaction)?;
    let is_previous = |key: &&_| is_read_key(key) && key.state == KeyState::Current;
    let previous = transaction.keys.iter().find(is_previous).cloned();
    let previous_prefix = previous.as_ref().map(|key| key.prefix.clone());
    if let Some(key) = previous {
        end(&mut transaction, key, KeyEndReason::Replaced).await?;
    }
    let minted = generated
        .insert(&mut transaction, KeyScope::Read, KeyOrigin::SelfServe)
        .await?;
    let event = match previous_prefix {
        Some(_) => EventType::ApiKeyRotated,
        None => EventType::ApiKeyIssued,
    };
    let data = json!({
        "prefix": prefix.as_str(),
        "scope": KeyScope::Read.as_str(),
        "previous_prefix": previous_prefix,
        "previous_expires_at": null,
        "reason": "minted by the creditor",
    });
    transaction.event(event, data.clone());
    transaction.audit("creditor.api_key_issued", actor, data);
    transaction.commit().await?;
    Ok(minted)
}

/// Revokes the read-only key.
pub(crate) async fn revoke_read_key(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
) -> Result<(), ApiError> {
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    revoke_matching(&mut transaction, Initiator::Owner { actor }, is_read_key).await?;
    transaction.commit().await?;
    Ok(())
}

fn is_read_key(key: &entities::api_key::Model) -> bool {
    key.scope == KeyScope::Read
}
