//! The one read-only key, for a warehouse.

use entities::api_key::{KeyEnd, KeyOrigin, KeyScope, KeyState};
use entities::ids::CreditorId;
use serde_json::json;

use super::changes::{By, end};
use super::generate::{draw_key, within_quota};
use super::handle::Keys;
use super::revoke::revoke_those;
use crate::contract::{ApiError, DbResultExt as _, RevealedKey};
use crate::creditor::AccountFile;
use crate::outbox::EventType;

/// Mints the read key; the one before it ends at once. It comes beside a full-access key, so not
/// before that was issued, and not after support has revoked everything.
pub(crate) async fn rotate_read_key(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
) -> Result<RevealedKey, ApiError> {
    let drawn = draw_key(keys).await?;
    let prefix = drawn.prefix;
    let file = AccountFile::open(&keys.creditors, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let pending = file.gates().pending();
    if file.keys.is_empty() && !pending.is_empty() {
        return Err(ApiError::GatesPending { pending });
    }
    if file.creditor.support_only_mint {
        return Err(ApiError::SupportOnlyMints);
    }
    within_quota(&file)?;
    let is_previous = |key: &&_| is_read_key(key) && key.state == KeyState::Current;
    let previous = file.keys.iter().find(is_previous).cloned();
    let previous_prefix = previous.as_ref().map(|key| key.prefix.clone());
    if let Some(key) = previous {
        end(&mut file, key, KeyEnd::Replaced).await?;
    }
    let minted = drawn
        .insert(&mut file, KeyScope::Read, KeyOrigin::SelfServe)
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
    file.event(event, data.clone());
    file.audit("creditor.api_key_issued", actor, data);
    file.close().await.or_fault()?;
    Ok(minted)
}

/// Ends the read key.
pub(crate) async fn revoke_read_key(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
) -> Result<(), ApiError> {
    let file = AccountFile::open(&keys.creditors, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    revoke_those(&mut file, By::Owner { actor }, is_read_key).await?;
    file.close().await.or_fault()?;
    Ok(())
}

fn is_read_key(key: &entities::api_key::Model) -> bool {
    key.scope == KeyScope::Read
}
