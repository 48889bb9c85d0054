//! IP allowlists: the networks that may use a key.

use entities::api_key::{self, KeyState};
use entities::ids::CreditorId;
use serde_json::json;

use super::changes::save;
use super::handle::Keys;
use crate::contract::{ApiError, KeyKind, stored_json};
use crate::creditor::CreditorTransaction;
use crate::domain::allowed_networks::AllowedNetworks;

const COLUMN: &str = "api_key.allowed_networks";

/// Sets the IP allowlist of every live key of a kind, including a retiring key.
///
/// An allowlist that covers every address removes the restriction.
pub(crate) async fn set_ip_allowlist(
    keys: &Keys,
    creditor: CreditorId,
    actor: &str,
    kind: KeyKind,
    networks: &AllowedNetworks,
) -> Result<(), ApiError> {
    let mut transaction = CreditorTransaction::begin(&keys.creditors, creditor).await?;
    let live = |key: &&api_key::Model| key.state != KeyState::Ended && key.scope == kind.scope();
    let keys: Vec<_> = transaction.keys.iter().filter(live).cloned().collect();
    if keys.is_empty() {
        return Err(ApiError::not_found("live API key to restrict"));
    }
    let prefixes: Vec<_> = keys.iter().map(|key| key.prefix.clone()).collect();
    let previous = keys.first().map(ip_allowlist_of).unwrap_or_default();
    for mut key in keys {
        key.allowed_networks = match networks.is_everywhere() {
            true => None,
            false => Some(stored_json::encode(COLUMN, networks)?),
        };
        save(&mut transaction, key).await?;
    }
    let data = json!({"prefixes": prefixes, "networks": networks, "previous": previous});
    transaction.audit("creditor.api_key_networks_set", actor, data);
    transaction.commit().await?;
    Ok(())
}

/// The networks that may use a key. Without a stored allowlist, every network may use it.
pub(crate) fn ip_allowlist_of(key: &api_key::Model) -> AllowedNetworks {
    // `set_ip_allowlist` wrote this text, so text that does not parse is damaged. A damaged allowlist must block
    // the key, not lift the restriction.
    let Some(json) = &key.allowed_networks else {
        return AllowedNetworks::default();
    };
    stored_json::decode(COLUMN, json).unwrap_or_else(|_| {
        tracing::error!(key_id = %key.id, key_prefix = key.prefix, "a key's IP allowlist cannot be read; the key is blocked");
        AllowedNetworks::nowhere()
    })
}
