//! The list of keys that a creditor sees.

use entities::api_key::{self, KeyScope, KeyState};
use entities::api_key_use;
use entities::ids::CreditorId;
use entities::queries::keys;

use super::handle::Keys;
use super::ip_allowlist::ip_allowlist_of;
use crate::contract::{ApiError, KeyView, KeysView};
use crate::creditor::current_key;
use crate::domain::api_key::{KeyPrefix, mask};
use crate::domain::date::rfc3339_ms;

/// The live keys of a creditor, for `GET /v1/settings/api-key`.
pub(crate) async fn list_keys(keys: &Keys, creditor: CreditorId) -> Result<KeysView, ApiError> {
    let db = keys.env.db.reader();
    let now_ms = keys.env.clock.now_ms();
    let rows = keys::of_creditor(db, creditor).await?;
    let retiring = rows
        .iter()
        .find(|key| key.state == KeyState::Retiring)
        .filter(|key| key.expires_ms.is_none_or(|end| end > now_ms));
    let read_only = rows
        .iter()
        .find(|key| key.scope == KeyScope::Read && key.state == KeyState::Current);
    let shown = [current_key(&rows), retiring, read_only];
    let ids: Vec<_> = shown.iter().flatten().map(|key| key.id).collect();
    let uses = keys::last_uses(db, &ids).await?;
    let [full_access, retiring, read_only] = shown.map(|key| key.map(|key| view(key, &uses)));
    Ok(KeysView {
        full_access,
        retiring,
        read_only,
    })
}

fn view(key: &api_key::Model, uses: &[api_key_use::Model]) -> KeyView {
    let last = uses.iter().find(|usage| usage.key_id == key.id);
    let masked = KeyPrefix::parse(&key.prefix).map(|prefix| mask(&prefix));
    KeyView {
        prefix: key.prefix.clone(),
        masked: masked.unwrap_or_default(),
        scope: key.scope.as_str().to_owned(),
        created_at: rfc3339_ms(key.created_ms),
        revealed: key.secret_hash.is_some(),
        expires_at: key.expires_ms.map(rfc3339_ms),
        last_used_at: last.map(|usage| rfc3339_ms(usage.last_used_ms)),
        last_used_from: last.map(|usage| usage.address.clone()),
        allowed_networks: ip_allowlist_of(key).to_strings(),
    }
}
