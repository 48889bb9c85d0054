//! Settings → Webhook URL: checked when it is saved, and again at every attempt.

use std::net::IpAddr;
use std::time::Duration;

use entities::ids::{CreditorId, EndpointId};
use entities::queries::webhooks;
use entities::webhook_endpoint::{self, EndpointState};
use entities::webhook_secret;
use secrecy::ExposeSecret;
use serde_json::{Map, json};
use uuid::Uuid;

use super::catalogue::EventType;
use super::{address_policy, deliveries};
use crate::account::{AccountFile, Subject};
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::api::view::{TestEventView, WebhookSecretView};
use crate::domain::date::rfc3339_ms;
use crate::domain::safe_address;
use crate::domain::signature::WebhookSecret;
use crate::house::House;
use crate::vault::entropy;

/// How long a test event's answer is waited for before the delivery is shown as it stands.
const TEST_PATIENCE: Duration = Duration::from_secs(5);
const TEST_LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long resolving a webhook's host may take when its URL is saved.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(5);

/// A change of the webhook's settings that was checked. Absent is unchanged.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    url: Option<Option<String>>,
    events: Option<Option<Vec<EventType>>>,
}

/// Checks URL and event names, before any transaction: resolving a host takes its time.
pub(crate) async fn check(
    house: &House,
    url: Option<Option<String>>,
    events: Option<Option<Vec<String>>>,
) -> Result<Checked, ApiError> {
    if let Some(Some(url)) = &url {
        check_url(house, url).await?;
    }
    let events = events
        .map(|names| names.map(|names| event_types(&names)).transpose())
        .transpose()?;
    Ok(Checked { url, events })
}

async fn check_url(house: &House, url: &str) -> Result<(), ApiError> {
    let refuse = |reason: String| ApiError::UnsafeWebhookUrl { reason };
    let policy = address_policy(&house.settings);
    let parsed =
        safe_address::check_url(url, &policy).map_err(|error| refuse(error.to_string()))?;
    let host = parsed
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = parsed.port_or_known_default().unwrap_or(443);
    let resolved = tokio::time::timeout(
        RESOLVE_PATIENCE,
        tokio::net::lookup_host((host.as_str(), port)),
    )
    .await;
    let unresolved = || refuse(format!("{host} does not resolve; check the host name"));
    let addresses: Vec<IpAddr> = resolved
        .map_err(|_| unresolved())?
        .map_err(|_| unresolved())?
        .map(|address| address.ip())
        .collect();
    safe_address::vet(&addresses, &policy).map_err(|error| refuse(error.to_string()))?;
    Ok(())
}

fn event_types(names: &[String]) -> Result<Vec<EventType>, ApiError> {
    let loc = &["body", "webhook_events"];
    if names.is_empty() {
        return Err(ApiError::field(
            loc,
            "must name at least one event; null subscribes to all",
        ));
    }
    names
        .iter()
        .map(|name| {
            EventType::parse(name).ok_or_else(|| {
                ApiError::field(
                    loc,
                    format!("{name} is not an event; GET /v1/settings/webhook-events lists them"),
                )
            })
        })
        .collect()
}

/// Writes a checked change in the creditor's open file.
pub(crate) async fn apply(
    house: &House,
    file: &mut AccountFile<'_>,
    change: Checked,
    actor: &str,
) -> Result<(), ApiError> {
    if change.url.is_none() && change.events.is_none() {
        return Ok(());
    }
    let known = webhooks::primary(&file.transaction, file.creditor.id)
        .await
        .or_fault()?;
    let now_ms = file.journal.updated_ms(file.creditor.id);
    let events = change
        .events
        .map(|events| events.and_then(|events| names_json(&events)));
    let row = match (known, change.url) {
        (Some(row), url) => Some(changed(row, url, events, now_ms)),
        (None, Some(Some(url))) => return create(house, file, url, events.flatten(), actor).await,
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
        file.audit("settings.webhook_changed", actor, data);
        webhooks::save(&file.transaction, row).await.or_fault()?;
        file.touch(Subject::Endpoints);
    }
    Ok(())
}

fn names_json(events: &[EventType]) -> Option<String> {
    let names: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
    serde_json::to_string(&names).ok()
}

/// A new URL enables the endpoint again; removing it disables it, and what waits is cancelled when
/// it comes due.
fn changed(
    mut row: webhook_endpoint::Model,
    url: Option<Option<String>>,
    events: Option<Option<String>>,
    now_ms: i64,
) -> webhook_endpoint::Model {
    match url {
        Some(Some(url)) => {
            row.url = url;
            row.state = EndpointState::Enabled;
            row.state_reason = None;
        }
        Some(None) => {
            row.url = String::new();
            row.state = EndpointState::Disabled;
            row.state_reason = Some("removed".to_owned());
        }
        None => {}
    }
    if let Some(events) = events {
        row.events = events;
    }
    row.updated_ms = now_ms;
    row
}

async fn create(
    house: &House,
    file: &mut AccountFile<'_>,
    url: String,
    events: Option<String>,
    actor: &str,
) -> Result<(), ApiError> {
    let now_ms = file.journal.updated_ms(file.creditor.id);
    let row = webhook_endpoint::Model {
        id: EndpointId(Uuid::now_v7()),
        creditor_id: file.creditor.id,
        is_primary: true,
        url,
        events,
        state: EndpointState::Enabled,
        state_reason: None,
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    let secret = WebhookSecret::generate(&mut entropy).expose();
    let sealed = house
        .vault
        .seal(&secret_purpose(row.id), secret.expose_secret());
    let secret = webhook_secret::Model {
        id: Uuid::now_v7(),
        endpoint_id: row.id,
        sealed: sealed.map_err(|_| ApiError::Internal)?,
        created_ms: now_ms,
        expires_ms: None,
    };
    file.audit(
        "settings.webhook_created",
        actor,
        json!({"endpoint_id": row.id, "url": row.url}),
    );
    webhooks::insert(&file.transaction, row).await.or_fault()?;
    webhooks::add_secret(&file.transaction, secret)
        .await
        .or_fault()?;
    file.touch(Subject::Endpoints);
    Ok(())
}

/// The URL as its owner sees it: none once it was removed.
pub(crate) fn shown_url(endpoint: &webhook_endpoint::Model) -> Option<String> {
    Some(endpoint.url.clone()).filter(|url| !url.is_empty())
}

/// What an endpoint's secrets are sealed for.
pub(crate) fn secret_purpose(endpoint: EndpointId) -> String {
    format!("webhook:{endpoint}")
}

/// The newest signing secret of the creditor's webhook.
pub(crate) async fn secret(
    house: &House,
    creditor: CreditorId,
) -> Result<WebhookSecretView, ApiError> {
    let none = ApiError::no_such("webhook; set webhook_url first");
    let db = house.db.reader();
    let endpoint = webhooks::primary(db, creditor)
        .await
        .or_fault()?
        .filter(|endpoint| !endpoint.url.is_empty())
        .ok_or(none.clone())?;
    let secrets = webhooks::secrets(db, endpoint.id, house.clock.now_ms())
        .await
        .or_fault()?;
    let newest = secrets.first().ok_or(none)?;
    let opened = house
        .vault
        .open(&secret_purpose(endpoint.id), &newest.sealed);
    let secret = opened.map_err(|error| {
        tracing::error!(%error, endpoint = %endpoint.id, "a signing secret does not open");
        ApiError::Internal
    })?;
    Ok(WebhookSecretView {
        secret,
        created_at: rfc3339_ms(newest.created_ms),
    })
}

/// Queues a test event past the endpoint's own filter, and reports the receiver's answer if it
/// comes soon.
pub(crate) async fn send_test(
    house: &House,
    creditor: CreditorId,
    actor: &str,
) -> Result<TestEventView, ApiError> {
    let none = ApiError::no_such("webhook; set webhook_url first");
    let file = AccountFile::open(house, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let endpoint = webhooks::primary(&file.transaction, creditor)
        .await
        .or_fault()?
        .ok_or(none.clone())?;
    if endpoint.state != EndpointState::Enabled {
        let msg = "webhook that is switched on; set webhook_url again to switch it on";
        return Err(ApiError::no_such(msg));
    }
    file.audit(
        "settings.webhook_tested",
        actor,
        json!({"endpoint_id": endpoint.id}),
    );
    let sent = file.journal.event_to(
        creditor,
        EventType::WebhookTest,
        None,
        Map::new(),
        &[endpoint.id],
    );
    let sent = sent.ok_or(ApiError::Internal)?;
    let delivery = *sent.deliveries.first().ok_or(ApiError::Internal)?;
    file.close().await.or_fault()?;
    let mut view = TestEventView {
        delivery_id: delivery.0,
        webhook_id: format!("msg_{}", sent.message),
        event: EventType::WebhookTest.as_str(),
        status: "pending".to_owned(),
        response_status: None,
    };
    let deadline = tokio::time::Instant::now() + TEST_PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let shown = deliveries::detail(house, creditor, delivery)
            .await?
            .delivery;
        view.status = shown.status;
        view.response_status = shown.response_status;
        if shown.attempts > 0 {
            break;
        }
        tokio::time::sleep(TEST_LOOK_EVERY).await;
    }
    Ok(view)
}
