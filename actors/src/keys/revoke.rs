//! Revocation: the next request with a revoked key is refused.

use entities::api_key::{self, KeyEndReason, KeyScope, KeyState};
use entities::ids::CreditorId;
use entities::queries;
use serde_json::json;

use super::changes::{Initiator, end};
use super::handle::Keys;
use crate::contract::ApiError;
use crate::creditor::CreditorTransaction;
use crate::outbox::EventType;

/// Revokes the full-access keys, including a retiring one.
///
/// Support also revokes the read-only key. After that, only support can mint keys.
pub(crate) async fn revoke(
    keys: &Keys,
    creditor: CreditorId,
    by: Initiator<'_>,
) -> Result<(), ApiError> {
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let by_support = matches!(by, Initiator::Support { .. });
    revoke_matching(&mut transaction, by, |key| {
        by_support || key.scope == KeyScope::ReadWrite
    })
    .await?;
    if by_support {
        transaction.creditor.support_only_mint = true;
        queries::save(&transaction.db, transaction.creditor.clone()).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Revokes every live key that `selected` accepts.
///
/// # Errors
/// [`ApiError::NotFound`] if there is no such key.
pub(super) async fn revoke_matching(
    transaction: &mut CreditorTransaction<'_>,
    by: Initiator<'_>,
    selected: impl Fn(&api_key::Model) -> bool,
) -> Result<(), ApiError> {
    let live = |key: &&api_key::Model| key.state != KeyState::Ended && selected(key);
    let ending: Vec<_> = transaction.keys.iter().filter(live).cloned().collect();
    if ending.is_empty() {
        return Err(ApiError::not_found(
            "live API key; there is nothing to revoke",
        ));
    }
    let (public_reason, audit_reason) = match by {
        Initiator::Owner { .. } => ("revoked by the creditor", "revoked by the creditor"),
        Initiator::Support { reason, .. } => ("revoked by support", reason),
    };
    let prefixes: Vec<_> = ending.iter().map(|key| key.prefix.clone()).collect();
    for key in ending {
        let data =
            json!({"prefix": key.prefix, "scope": key.scope.as_str(), "reason": public_reason});
        transaction.event(EventType::ApiKeyRevoked, data);
        end(transaction, key, KeyEndReason::Revoked).await?;
    }
    let data = json!({"prefixes": prefixes, "reason": audit_reason});
    transaction.audit("creditor.api_key_revoked", by.actor(), data);
    Ok(())
}
