//! The primary endpoint, which the field `webhook_url` of the settings configures.

use entities::queries::webhooks;
use entities::webhook_endpoint;
use serde_json::json;

use super::crud::{clear, insert, new_endpoint, set_url};
use super::validation::{check_url, event_types, names_json};
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::outbox::EventType;

/// A validated change of the primary endpoint. Absent fields stay unchanged.
#[derive(Debug, Default)]
pub(crate) struct ValidatedPrimaryChange {
    url: Option<Option<String>>,
    events: Option<Option<Vec<EventType>>>,
}

/// Validates the URL and the event names. It runs before the transaction, because resolving a host can be slow.
pub(crate) async fn check(
    creditors: &Creditors,
    url: Option<Option<String>>,
    events: Option<Option<Vec<String>>>,
) -> Result<ValidatedPrimaryChange, ApiError> {
    if let Some(Some(url)) = &url {
        check_url(creditors, url).await?;
    }
    let events = events
        .map(|names| {
            names
                .map(|names| event_types("webhook_events", &names))
                .transpose()
        })
        .transpose()?;
    Ok(ValidatedPrimaryChange { url, events })
}

/// Writes a validated change in the creditor's open transaction.
pub(crate) async fn apply(
    creditors: &Creditors,
    transaction: &mut CreditorTransaction<'_>,
    change: ValidatedPrimaryChange,
    actor: &str,
) -> Result<(), ApiError> {
    if change.url.is_none() && change.events.is_none() {
        return Ok(());
    }
    let known = webhooks::primary(&transaction.db, transaction.creditor.id)
        .await
        .map_db_error()?;
    let now_ms = transaction.outbox.updated_ms(transaction.creditor.id);
    let events = change
        .events
        .map(|events| events.and_then(|events| names_json(&events)));
    let row = match (known, change.url) {
        (Some(row), url) => Some(changed(row, url, events, now_ms)),
        (None, Some(Some(url))) => {
            return first_url(creditors, transaction, url, events.flatten(), actor).await;
        }
        (None, Some(None)) => None,
        (None, None) => {
            return Err(ApiError::field(
                &["body", "webhook_events"],
                "set webhook_url first",
            ));
        }
    };
    if let Some(row) = row {
        let data = json!({"endpoint_id": row.id, "url": row.url, "state": row.state.as_str(), "events": row.events});
        transaction.audit("settings.webhook_changed", actor, data);
        webhooks::save(&transaction.db, row).await.map_db_error()?;
        transaction.mark_changed(ChangeKind::Endpoints);
    }
    Ok(())
}

/// Applies a change to the primary endpoint. A new URL enables a disabled endpoint. Removing the URL disables it, and
/// its pending deliveries are cancelled when they become due.
fn changed(
    mut row: webhook_endpoint::Model,
    url: Option<Option<String>>,
    events: Option<Option<String>>,
    now_ms: i64,
) -> webhook_endpoint::Model {
    match url {
        Some(Some(url)) => {
            set_url(&mut row, url);
        }
        Some(None) => clear(&mut row),
        None => {}
    }
    if let Some(events) = events {
        row.events = events;
    }
    row.updated_ms = now_ms;
    row
}

/// The URL that the owner sees; `None` if it was removed.
pub(crate) fn shown_url(endpoint: &webhook_endpoint::Model) -> Option<String> {
    Some(endpoint.url.clone()).filter(|url| !url.is_empty())
}

async fn first_url(
    creditors: &Creditors,
    transaction: &mut CreditorTransaction<'_>,
    url: String,
    events: Option<String>,
    actor: &str,
) -> Result<(), ApiError> {
    let row = webhook_endpoint::Model {
        is_primary: true,
        events,
        ..new_endpoint(transaction, url)
    };
    insert(creditors, transaction, row, actor).await
}
