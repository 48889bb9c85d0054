//! The notice that a retiring key is still in use shortly before it expires.

use entities::api_key::KeyState;
use entities::ids::{CreditorId, KeyId};
use serde_json::json;

use super::changes::save;
use super::handle::Keys;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::CreditorTransaction;
use crate::domain::date::rfc3339_ms;
use crate::outbox::EventType;

/// Emits `api_key.expiring` to the creditor's endpoints, once per key across all nodes.
///
/// Does nothing if the creditor is unknown, the key is not retiring, or the notice was sent before.
pub(crate) async fn send_expiry_notice(
    keys: &Keys,
    creditor: CreditorId,
    key: KeyId,
) -> Result<(), ApiError> {
    let Some(mut transaction) = CreditorTransaction::begin(&keys.creditors, creditor).await? else {
        return Ok(());
    };
    let found = transaction.keys.iter().find(|row| row.id == key).cloned();
    let Some(mut row) = found.filter(|row| row.state == KeyState::Retiring) else {
        return Ok(());
    };
    if row.expiry_notified_ms.is_some() {
        return Ok(());
    }
    row.expiry_notified_ms = Some(transaction.outbox.updated_ms(creditor));
    let data = json!({
        "prefix": row.prefix,
        "expires_at": row.expires_ms.map(rfc3339_ms),
        "reason": "still in use in the last tenth of its overlap",
    });
    save(&mut transaction, row).await?;
    transaction.event(EventType::ApiKeyExpiring, data.clone());
    transaction.audit("creditor.api_key_expiring", "system:admission", data);
    transaction.commit().await.map_db_error()?;
    Ok(())
}
