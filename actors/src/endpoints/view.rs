//! What the owner of an endpoint sees of it.

use std::collections::BTreeMap;

use entities::queries::webhooks;
use entities::{ConnectionTrait, webhook_endpoint};

use super::sealed_headers::headers_of;
use crate::contract::{ApiError, EndpointView, LiveSecretView, stored_json};
use crate::creditor::Creditors;
use crate::domain::date::rfc3339_ms;

/// The URL; `None` if it was removed.
pub(crate) fn shown_url(endpoint: &webhook_endpoint::Model) -> Option<String> {
    Some(endpoint.url.clone()).filter(|url| !url.is_empty())
}

/// The endpoint with the ages of its secrets and the names of its headers, but neither secrets nor header values.
pub(super) async fn endpoint_view<C: ConnectionTrait>(
    creditors: &Creditors,
    db: &C,
    row: webhook_endpoint::Model,
) -> Result<EndpointView, ApiError> {
    let headers = headers_of(creditors, &row).unwrap_or_else(|error| {
        tracing::error!(%error, endpoint_id = %row.id, "an endpoint's headers cannot be decrypted");
        BTreeMap::new()
    });
    let live = webhooks::secrets(db, row.id, creditors.env.clock.now_ms()).await?;
    let secrets = live.into_iter().map(|secret| LiveSecretView {
        created_at: rfc3339_ms(secret.created_ms),
        expires_at: secret.expires_ms.map(rfc3339_ms),
    });
    let events = stored_json::decode_nullable("webhook_endpoint.events", row.events.as_deref())?;
    Ok(EndpointView {
        id: row.id.0,
        primary: row.is_primary,
        url: row.url,
        description: row.description,
        events,
        throttle_per_second: row.throttle_per_second,
        header_names: headers.into_keys().collect(),
        order: row.ordering.as_str(),
        on_exhausted: row.on_exhausted.as_str(),
        failing_since: row.failing_since_ms.map(rfc3339_ms),
        state: row.state.as_str().to_owned(),
        state_reason: row.state_reason,
        secrets: secrets.collect(),
        created_at: rfc3339_ms(row.created_ms),
        updated_at: rfc3339_ms(row.updated_ms),
    })
}
