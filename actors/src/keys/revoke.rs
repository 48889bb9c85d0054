//! Revocation: from the next request on, the key is nobody's.

use entities::api_key::{self, KeyEnd, KeyScope, KeyState};
use entities::ids::CreditorId;
use entities::queries::creditors;
use serde_json::json;

use super::changes::{By, end};
use super::handle::Keys;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::AccountFile;
use crate::outbox::EventType;

/// Ends the full-access key, a retiring one too. Support also ends the read key, and from then on
/// only support mints.
pub(crate) async fn revoke(keys: &Keys, creditor: CreditorId, by: By<'_>) -> Result<(), ApiError> {
    let file = AccountFile::open(&keys.creditors, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let by_support = matches!(by, By::Support { .. });
    revoke_those(&mut file, by, |key| {
        by_support || key.scope == KeyScope::ReadWrite
    })
    .await?;
    if by_support {
        file.creditor.support_only_mint = true;
        creditors::save(&file.transaction, file.creditor.clone())
            .await
            .or_fault()?;
    }
    file.close().await.or_fault()?;
    Ok(())
}

/// Ends every live key that is `meant`.
pub(super) async fn revoke_those(
    file: &mut AccountFile<'_>,
    by: By<'_>,
    meant: impl Fn(&api_key::Model) -> bool,
) -> Result<(), ApiError> {
    let live = |key: &&api_key::Model| key.state != KeyState::Ended && meant(key);
    let ending: Vec<_> = file.keys.iter().filter(live).cloned().collect();
    if ending.is_empty() {
        return Err(ApiError::no_such(
            "live API key; there is nothing to revoke",
        ));
    }
    let (told, noted) = match by {
        By::Owner { .. } => ("revoked by the creditor", "revoked by the creditor"),
        By::Support { reason, .. } => ("revoked by support", reason),
    };
    let prefixes: Vec<_> = ending.iter().map(|key| key.prefix.clone()).collect();
    for key in ending {
        let data = json!({"prefix": key.prefix, "scope": key.scope.as_str(), "reason": told});
        file.event(EventType::ApiKeyRevoked, data);
        end(file, key, KeyEnd::Revoked).await?;
    }
    let data = json!({"prefixes": prefixes, "reason": noted});
    file.audit("creditor.api_key_revoked", by.actor(), data);
    Ok(())
}
