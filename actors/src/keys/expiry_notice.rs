//! The notice that a retiring key is still in use shortly before it expires.

use entities::api_key::{self, KeyState};
use entities::ids::{CreditorId, KeyId};
use serde_json::json;

use super::changes::save;
use super::handle::Keys;
use crate::contract::ApiError;
use crate::creditor::CreditorTransaction;
use crate::domain::date::rfc3339_ms;
use crate::outbox::EventType;

/// Emits `api_key.expiring` to the creditor's endpoints, once per key across all nodes.
///
/// Does nothing if the key is not retiring, or the notice was sent before.
pub(crate) async fn send_expiry_notice(
    keys: &Keys,
    creditor: CreditorId,
    key: KeyId,
) -> Result<(), ApiError> {
    let begun = CreditorTransaction::begin_if_known(&keys.creditors, creditor).await?;
    let Some(mut transaction) = begun else {
        return Ok(());
    };
    let found = transaction.keys.iter().find(|row| row.id == key).cloned();
    let is_due =
        |row: &api_key::Model| row.state == KeyState::Retiring && row.expiry_notified_ms.is_none();
    let Some(mut row) = found.filter(is_due) else {
        return Ok(());
    };
    row.expiry_notified_ms = Some(transaction.outbox.updated_ms(creditor));
    let data = json!({
        "prefix": row.prefix,
        "expires_at": row.expires_ms.map(rfc3339_ms),
        "reason": "still in use in the last tenth of its overlap",
    });
    save(&mut transaction, row).await?;
    transaction.event(EventType::ApiKeyExpiring, data.clone());
    transaction.audit("creditor.api_key_expiring", "system:admission", data);
    transaction.commit().await?;
    Ok(())
}
