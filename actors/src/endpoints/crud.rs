//! Create, read, update and delete webhook endpoints. Each has its own event filter, throttle and headers.

use std::collections::BTreeMap;

use entities::ConnectionTrait;
use entities::ids::{CreditorId, EndpointId};
use entities::queries::webhooks;
use entities::webhook_endpoint::{self, DeliveryOrder, EndpointState, OnExhausted};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use super::secrets;
use super::validation::{check_url, event_types, names_json, one_of};
use crate::cluster::ChangeKind;
use crate::contract::{
    ApiError, DbResultExt as _, EndpointChange, EndpointView, LiveSecretView, Replayable,
};
use crate::creditor::{CreditorTransaction, Creditors, IdempotentOperation};
use crate::domain::custom_headers;
use crate::domain::date::rfc3339_ms;
use crate::domain::field_error::FieldError;
use crate::domain::throttle::MAX_PER_SECOND;
use crate::infra::VaultError;

/// Maximum number of endpoints per creditor. Every event is stored once per endpoint.
const MAX_ENDPOINTS: usize = 10;

/// A validated change. Absent fields stay unchanged.
struct ValidatedEndpointChange {
    url: Option<String>,
    description: Option<Option<String>>,
    events: Option<Option<String>>,
    throttle: Option<Option<i32>>,
    headers: Option<Option<BTreeMap<String, String>>>,
    order: Option<DeliveryOrder>,
    on_exhausted: Option<OnExhausted>,
    paused: Option<bool>,
}

/// All endpoints of a creditor, the primary one first.
pub(crate) async fn list(
    creditors: &Creditors,
    creditor: CreditorId,
) -> Result<Vec<EndpointView>, ApiError> {
    let db = creditors.env.db.reader();
    let rows = webhooks::of_creditor(db, creditor).await.map_db_error()?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push(view(creditors, db, row).await?);
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
    let row = webhooks::by_id(db, creditor, endpoint)
        .await
        .map_db_error()?;
    view(creditors, db, live(row)?).await
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
    let change = check(creditors, change).await?;
    let url = change.url.clone().ok_or(ApiError::Internal)?;
    let transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let mut transaction = transaction.ok_or(ApiError::not_found("creditor"))?;
    if let Some(made) = once.find_result(&transaction).await? {
        drop(transaction);
        return replayed(creditors, creditor, made).await;
    }
    let known = webhooks::of_creditor(&transaction.db, creditor)
        .await
        .map_db_error()?;
    if known.len() >= MAX_ENDPOINTS {
        let msg = format!("there are {MAX_ENDPOINTS} webhook endpoints already; delete one first");
        return Err(ApiError::field(&["body"], msg));
    }
    let row = apply_change(creditors, new_endpoint(&mut transaction, url), change)?;
    let id = row.id;
    insert(creditors, &mut transaction, row, actor).await?;
    once.store_result(&transaction, id.0).await?;
    transaction.commit().await.map_db_error()?;
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
    let change = check(creditors, change).await?;
    let transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let mut transaction = transaction.ok_or(ApiError::not_found("creditor"))?;
    let row = webhooks::by_id(&transaction.db, creditor, endpoint)
        .await
        .map_db_error()?;
    let mut row = apply_change(creditors, live(row)?, change)?;
    row.updated_ms = transaction.outbox.updated_ms(creditor);
    let data = json!({
        "endpoint_id": row.id, "url": row.url, "state": row.state.as_str(), "events": row.events,
        "throttle_per_second": row.throttle_per_second, "has_headers": row.sealed_headers.is_some(),
        "order": row.ordering.as_str(), "on_exhausted": row.on_exhausted.as_str(),
    });
    transaction.audit("settings.webhook_changed", actor, data);
    webhooks::save(&transaction.db, row).await.map_db_error()?;
    transaction.mark_changed(ChangeKind::Endpoints);
    transaction.commit().await.map_db_error()?;
    show(creditors, creditor, endpoint).await
}

/// Removes an endpoint. Its delivery log stays, and its pending deliveries are cancelled.
pub(crate) async fn remove(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    endpoint: EndpointId,
) -> Result<(), ApiError> {
    let transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let mut transaction = transaction.ok_or(ApiError::not_found("creditor"))?;
    let row = webhooks::by_id(&transaction.db, creditor, endpoint)
        .await
        .map_db_error()?;
    let mut row = live(row)?;
    let data = json!({"endpoint_id": row.id, "url": row.url});
    transaction.audit("settings.webhook_removed", actor, data);
    clear(&mut row);
    row.updated_ms = transaction.outbox.updated_ms(creditor);
    webhooks::save(&transaction.db, row).await.map_db_error()?;
    transaction.mark_changed(ChangeKind::Endpoints);
    transaction.commit().await.map_db_error()?;
    Ok(())
}

/// A new endpoint with default settings for `url`.
pub(super) fn new_endpoint(
    transaction: &mut CreditorTransaction<'_>,
    url: String,
) -> webhook_endpoint::Model {
    let now_ms = transaction.outbox.updated_ms(transaction.creditor.id);
    webhook_endpoint::Model {
        id: EndpointId(Uuid::now_v7()),
        creditor_id: transaction.creditor.id,
        is_primary: false,
        url,
        events: None,
        state: EndpointState::Enabled,
        state_reason: None,
        description: None,
        throttle_per_second: None,
        sealed_headers: None,
        ordering: DeliveryOrder::default(),
        on_exhausted: OnExhausted::default(),
        failing_since_ms: None,
        last_failed_ms: None,
        created_ms: now_ms,
        updated_ms: now_ms,
    }
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
    webhooks::insert(&transaction.db, row)
        .await
        .map_db_error()?;
    secrets::add(creditors, transaction, id).await?;
    transaction.mark_changed(ChangeKind::Endpoints);
    Ok(())
}

async fn check(
    creditors: &Creditors,
    change: EndpointChange,
) -> Result<ValidatedEndpointChange, ApiError> {
    if let Some(url) = &change.url {
        check_url(creditors, url).await?;
    }
    let events = change.events.map(|names| {
        let names = names
            .map(|names| event_types("events", &names))
            .transpose()?;
        Ok::<_, ApiError>(names.and_then(|events| names_json(&events)))
    });
    let headers = change
        .headers
        .map(|headers| headers.map(|headers| checked_headers(&headers)).transpose());
    let throttle = change
        .throttle_per_second
        .map(|rate| rate.map(checked_throttle).transpose());
    Ok(ValidatedEndpointChange {
        url: change.url,
        description: change.description,
        events: events.transpose()?,
        throttle: throttle.transpose()?,
        headers: headers.transpose()?,
        order: change.order.as_deref().map(checked_order).transpose()?,
        on_exhausted: change
            .on_exhausted
            .as_deref()
            .map(checked_on_exhausted)
            .transpose()?,
        paused: change.paused,
    })
}

fn checked_throttle(per_second: u32) -> Result<i32, ApiError> {
    let fits = (1..=MAX_PER_SECOND).contains(&per_second);
    let rate = i32::try_from(per_second).ok().filter(|_| fits);
    rate.ok_or_else(|| {
        let msg = format!("must be a whole number from 1 to {MAX_PER_SECOND}, or null for none");
        ApiError::field(&["body", "throttle_per_second"], msg)
    })
}

fn checked_order(name: &str) -> Result<DeliveryOrder, ApiError> {
    let known = DeliveryOrder::ALL.into_iter();
    one_of("order", name, known.map(|order| (order.as_str(), order)))
}

fn checked_on_exhausted(name: &str) -> Result<OnExhausted, ApiError> {
    let known = OnExhausted::ALL.into_iter();
    one_of(
        "on_exhausted",
        name,
        known.map(|policy| (policy.as_str(), policy)),
    )
}

fn checked_headers(
    headers: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    custom_headers::check(headers).map_err(|refused| {
        let errors = refused.into_iter().map(|refused| FieldError {
            loc: ["body", "headers", &refused.name]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            msg: refused.reason,
        });
        ApiError::Validation(errors.collect())
    })
}

fn apply_change(
    creditors: &Creditors,
    mut row: webhook_endpoint::Model,
    change: ValidatedEndpointChange,
) -> Result<webhook_endpoint::Model, ApiError> {
    if let Some(url) = change.url {
        set_url(&mut row, url);
    }
    if let Some(description) = change.description {
        row.description = description;
    }
    if let Some(events) = change.events {
        row.events = events;
    }
    if let Some(throttle) = change.throttle {
        row.throttle_per_second = throttle;
    }
    if let Some(headers) = change.headers {
        let headers = headers.filter(|headers| !headers.is_empty());
        let sealed = headers.map(|headers| seal_headers(creditors, row.id, &headers));
        row.sealed_headers = sealed.transpose()?;
    }
    row.ordering = change.order.unwrap_or(row.ordering);
    row.on_exhausted = change.on_exhausted.unwrap_or(row.on_exhausted);
    match change.paused {
        Some(true) => {
            row.state = EndpointState::Paused;
            row.state_reason = Some("paused by its owner".to_owned());
        }
        Some(false) => enable(&mut row),
        None => {}
    }
    Ok(row)
}

/// Sets a new URL and enables a disabled endpoint. A paused endpoint stays paused until its owner resumes it.
pub(super) fn set_url(row: &mut webhook_endpoint::Model, url: String) {
    row.url = url;
    if row.state == EndpointState::Disabled {
        enable(row);
    }
}

/// Marks an endpoint as removed: it has no URL. Deletes the custom headers, so that a later URL never receives them.
pub(super) fn clear(row: &mut webhook_endpoint::Model) {
    row.url = String::new();
    row.sealed_headers = None;
    row.state = EndpointState::Disabled;
    row.state_reason = Some("removed".to_owned());
}

fn enable(row: &mut webhook_endpoint::Model) {
    row.state = EndpointState::Enabled;
    row.state_reason = None;
    row.failing_since_ms = None;
}

fn live(row: Option<webhook_endpoint::Model>) -> Result<webhook_endpoint::Model, ApiError> {
    let row = row.filter(|row| !row.url.is_empty());
    row.ok_or(ApiError::not_found("webhook endpoint"))
}

async fn view<C: ConnectionTrait>(
    creditors: &Creditors,
    db: &C,
    row: webhook_endpoint::Model,
) -> Result<EndpointView, ApiError> {
    let headers = headers_of(creditors, &row).unwrap_or_else(|error| {
        tracing::error!(%error, endpoint = %row.id, "an endpoint's headers cannot be decrypted");
        BTreeMap::new()
    });
    let live = webhooks::secrets(db, row.id, creditors.env.clock.now_ms())
        .await
        .map_db_error()?;
    let secrets = live.into_iter().map(|secret| LiveSecretView {
        created_at: rfc3339_ms(secret.created_ms),
        expires_at: secret.expires_ms.map(rfc3339_ms),
    });
    Ok(EndpointView {
        id: row.id.0,
        primary: row.is_primary,
        url: row.url,
        description: row.description,
        events: row.events.and_then(|json| serde_json::from_str(&json).ok()),
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

fn headers_purpose(endpoint: EndpointId) -> String {
    format!("webhook-headers:{endpoint}")
}

fn seal_headers(
    creditors: &Creditors,
    endpoint: EndpointId,
    headers: &BTreeMap<String, String>,
) -> Result<Vec<u8>, ApiError> {
    let json = serde_json::to_string(headers).map_err(|_| ApiError::Internal)?;
    let sealed = creditors.env.vault.seal(&headers_purpose(endpoint), &json);
    sealed.map_err(|_| ApiError::Internal)
}

/// The decrypted custom headers of an endpoint.
pub(crate) fn headers_of(
    creditors: &Creditors,
    row: &webhook_endpoint::Model,
) -> Result<BTreeMap<String, String>, VaultError> {
    let Some(sealed) = &row.sealed_headers else {
        return Ok(BTreeMap::new());
    };
    let json = creditors.env.vault.open(&headers_purpose(row.id), sealed)?;
    serde_json::from_str(json.expose_secret()).map_err(|_| VaultError::CannotDecrypt)
}
