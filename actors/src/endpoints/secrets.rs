//! Signing secrets of webhook endpoints. Several secrets are live during a rotation.

use entities::ids::{CreditorId, EndpointId, WebhookSecretId};
use entities::queries::{self, webhooks};
use entities::{ConnectionTrait, webhook_endpoint, webhook_secret};
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use crate::cluster::ChangeKind;
use crate::contract::{ApiError, EndpointSelector, WebhookSecretView};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::domain::date::rfc3339_ms;
use crate::domain::signature::WebhookSecret;
use crate::infra::entropy;

/// Maximum number of live secrets per endpoint. Each one lengthens the signature header.
const MAX_LIVE: usize = 5;
const HOUR_MS: i64 = 3_600_000;

/// The vault purpose that an endpoint's secrets are sealed with.
pub(crate) fn secret_purpose(endpoint: EndpointId) -> String {
    format!("webhook:{endpoint}")
}

/// The newest signing secret of an endpoint.
pub(crate) async fn secret(
    creditors: &Creditors,
    creditor: CreditorId,
    which: EndpointSelector,
) -> Result<WebhookSecretView, ApiError> {
    let db = creditors.env.db.reader();
    let endpoint = find(db, creditor, which).await?;
    let now_ms = creditors.env.clock.now_ms();
    let secrets = webhooks::secrets(db, endpoint.id, now_ms).await?;
    let newest = secrets.first().ok_or(ApiError::Internal)?;
    let opened = creditors
        .env
        .vault
        .open(&secret_purpose(endpoint.id), &newest.sealed);
    let secret = opened.map_err(|error| {
        tracing::error!(%error, endpoint_id = %endpoint.id, "a signing secret cannot be decrypted");
        ApiError::Internal
    })?;
    Ok(WebhookSecretView {
        secret,
        created_at: rfc3339_ms(newest.created_ms),
        previous_expires_at: secrets
            .get(1)
            .and_then(|previous| previous.expires_ms)
            .map(rfc3339_ms),
    })
}

/// Generates a new secret. The older ones keep signing for `overlap_hours`, but never beyond their own expiry.
///
/// # Errors
/// [`ApiError::RotationInProgress`] if too many secrets are live.
pub(crate) async fn rotate_secret(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    which: EndpointSelector,
    overlap_hours: u32,
) -> Result<WebhookSecretView, ApiError> {
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let endpoint = find(&transaction.db, creditor, which).await?;
    let now_ms = transaction.outbox.updated_ms(creditor);
    let until_ms = now_ms + i64::from(overlap_hours) * HOUR_MS;
    let live = webhooks::secrets(&transaction.db, endpoint.id, now_ms).await?;
    if overlap_hours > 0 && live.len() >= MAX_LIVE {
        let first_ms = live.iter().filter_map(|secret| secret.expires_ms).min();
        let until = rfc3339_ms(first_ms.unwrap_or(until_ms));
        return Err(ApiError::RotationInProgress { until });
    }
    webhooks::expire_secrets(&transaction.db, endpoint.id, until_ms).await?;
    let secret = add(creditors, &mut transaction, endpoint.id).await?;
    let data = json!({"endpoint_id": endpoint.id, "overlap_hours": overlap_hours, "were_live": live.len()});
    transaction.audit("settings.webhook_secret_rotated", actor, data);
    transaction.mark_changed(ChangeKind::Endpoints);
    transaction.commit().await?;
    let previous = (overlap_hours > 0 && !live.is_empty()).then(|| rfc3339_ms(until_ms));
    Ok(WebhookSecretView {
        secret: secret.expose(),
        created_at: rfc3339_ms(now_ms),
        previous_expires_at: previous,
    })
}

/// Generates and stores a secret for an endpoint, in the creditor's open transaction.
pub(super) async fn add(
    creditors: &Creditors,
    transaction: &mut CreditorTransaction<'_>,
    endpoint: EndpointId,
) -> Result<WebhookSecret, ApiError> {
    let secret = WebhookSecret::generate(&mut entropy);
    let sealed = creditors
        .env
        .vault
        .seal(&secret_purpose(endpoint), secret.expose().expose_secret());
    let row = webhook_secret::Model {
        id: WebhookSecretId(Uuid::now_v7()),
        endpoint_id: endpoint,
        sealed: sealed.map_err(|_| ApiError::Internal)?,
        created_ms: transaction.outbox.updated_ms(transaction.creditor.id),
        expires_ms: None,
    };
    queries::insert(&transaction.db, row).await?;
    Ok(secret)
}

/// Finds an endpoint that was not removed.
async fn find<C: ConnectionTrait>(
    db: &C,
    creditor: CreditorId,
    which: EndpointSelector,
) -> Result<webhook_endpoint::Model, ApiError> {
    let (found, none) = match which {
        EndpointSelector::Primary => (
            webhooks::primary(db, creditor).await,
            "webhook; set webhook_url first",
        ),
        EndpointSelector::One(id) => (webhooks::by_id(db, creditor, id).await, "webhook endpoint"),
    };
    let found = found?.filter(|endpoint| !endpoint.url.is_empty());
    found.ok_or(ApiError::not_found(none))
}
