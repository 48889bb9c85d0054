//! Create, read, update and delete webhook endpoints. Each has its own event filter, throttle and headers.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::{self, webhooks};
use entities::webhook_endpoint;
use serde_json::json;
use uuid::Uuid;

use super::change::{FieldNames, ValidatedChange, clear, new_endpoint};
use super::secrets;
use super::view::endpoint_view;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, EndpointChange, EndpointView, Replayable};
use crate::creditor::{CreditorTransaction, Creditors, IdempotentOperation};

const FIELDS: FieldNames = FieldNames {
    url: "url",
    events: "events",
};

/// Maximum number of endpoints per creditor. Every event is stored once per endpoint.
const MAX_ENDPOINTS: usize = 10;

/// All endpoints of a creditor, the primary one first.
pub(crate) async fn list(
    creditors: &Creditors,
    creditor: CreditorId,
) -> Result<Vec<EndpointView>, ApiError> {
    let db = creditors.env.db.reader();
    let rows = webhooks::of_creditor(db, creditor).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push(endpoint_view(creditors, db, row).await?);
    }
    Ok(views)
}

/// One endpoint.
///
/// # Errors
/// [`ApiError::NotFound`] if it does not exist or was removed.
pub(crate) async fn show(
    creditors: &Creditors,
    creditor: CreditorId,
    endpoint: EndpointId,
) -> Result<EndpointView, ApiError> {
    let db = creditors.env.db.reader();
    let row = webhooks::by_id(db, creditor, endpoint).await?;
    endpoint_view(creditors, db, live(row)?).await
}

/// Creates an endpoint with its own secret. A repeated request with the same idempotency key returns the first result.
pub(crate) async fn create(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    change: EndpointChange,
    once: &IdempotentOperation,
) -> Result<Replayable<EndpointView>, ApiError> {
    if let Some(made) = once.peek(&creditors.env, creditor).await? {
        return replayed(creditors, creditor, made).await;
    }
    let url = change.url.clone().ok_or(ApiError::Internal)?;
    let change = ValidatedChange::check(creditors, change, FIELDS).await?;
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    if let Some(made) = once.find_result(&transaction).await? {
        drop(transaction);
        return replayed(creditors, creditor, made).await;
    }
    let known = webhooks::of_creditor(&transaction.db, creditor).await?;
    if known.len() >= MAX_ENDPOINTS {
        let msg = format!("there are {MAX_ENDPOINTS} webhook endpoints already; delete one first");
        return Err(ApiError::field(&["body"], msg));
    }
    let mut row = new_endpoint(&mut transaction, url, false);
    change.apply(creditors, &mut row)?;
    let id = row.id;
    insert(creditors, &mut transaction, row, actor).await?;
    once.store_result(&transaction, id.0).await?;
    transaction.commit().await?;
    let value = show(creditors, creditor, id).await?;
    let replayed = false;
    Ok(Replayable { value, replayed })
}

async fn replayed(
    creditors: &Creditors,
    creditor: CreditorId,
    made: Uuid,
) -> Result<Replayable<EndpointView>, ApiError> {
    let value = show(creditors, creditor, EndpointId(made)).await?;
    let replayed = true;
    Ok(Replayable { value, replayed })
}

/// Changes an endpoint. A new URL enables a disabled endpoint. `paused: false` enables a paused or disabled one.
pub(crate) async fn update(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    endpoint: EndpointId,
    change: EndpointChange,
) -> Result<EndpointView, ApiError> {
    let change = ValidatedChange::check(creditors, change, FIELDS).await?;
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let row = webhooks::by_id(&transaction.db, creditor, endpoint).await?;
    let mut row = live(row)?;
    change.apply(creditors, &mut row)?;
    save_changed(&mut transaction, row, actor).await?;
    transaction.commit().await?;
    show(creditors, creditor, endpoint).await
}

/// Removes an endpoint. Its delivery log stays, and its pending deliveries are cancelled.
pub(crate) async fn remove(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    endpoint: EndpointId,
) -> Result<(), ApiError> {
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let row = webhooks::by_id(&transaction.db, creditor, endpoint).await?;
    let mut row = live(row)?;
    let data = json!({"endpoint_id": row.id, "url": row.url});
    transaction.audit("settings.webhook_removed", actor, data);
    clear(&mut row);
    row.updated_ms = transaction.outbox.updated_ms(creditor);
    queries::save(&transaction.db, row).await?;
    transaction.mark_changed(ChangeKind::Endpoints);
    transaction.commit().await?;
    Ok(())
}

/// Saves a changed endpoint in the creditor's open transaction.
pub(super) async fn save_changed(
    transaction: &mut CreditorTransaction<'_>,
    mut row: webhook_endpoint::Model,
    actor: &str,
) -> Result<(), ApiError> {
    row.updated_ms = transaction.outbox.updated_ms(row.creditor_id);
    let data = json!({
        "endpoint_id": row.id, "url": row.url, "state": row.state.as_str(), "events": row.events,
        "throttle_per_second": row.throttle_per_second, "has_headers": row.sealed_headers.is_some(),
        "order": row.ordering.as_str(), "on_exhausted": row.on_exhausted.as_str(),
    });
    transaction.audit("settings.webhook_changed", actor, data);
    queries::save(&transaction.db, row).await?;
    transaction.mark_changed(ChangeKind::Endpoints);
    Ok(())
}

/// Inserts an endpoint and its first secret in the creditor's open transaction.
pub(super) async fn insert(
    creditors: &Creditors,
    transaction: &mut CreditorTransaction<'_>,
    row: webhook_endpoint::Model,
    actor: &str,
) -> Result<(), ApiError> {
    let (id, data) = (row.id, json!({"endpoint_id": row.id, "url": row.url}));
    transaction.audit("settings.webhook_created", actor, data);
    queries::insert(&transaction.db, row).await?;
    secrets::add(creditors, transaction, id).await?;
    transaction.mark_changed(ChangeKind::Endpoints);
    Ok(())
}

fn live(row: Option<webhook_endpoint::Model>) -> Result<webhook_endpoint::Model, ApiError> {
    let row = row.filter(|row| !row.url.is_empty());
    row.ok_or(ApiError::not_found("webhook endpoint"))
}
