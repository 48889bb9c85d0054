//! One page of one replay.

use std::collections::BTreeSet;

use entities::ids::{DeliveryId, EndpointId, PlacementId};
use entities::queries::webhook_recoveries::{self as recoveries, MissingDelivery};
use entities::queries::{self, outbox, webhooks};
use entities::webhook_recovery::{self, RecoveryState};
use entities::{DbErr, Transaction, delivery, webhook_endpoint};
use uuid::Uuid;

use super::super::handle::Delivery;
use crate::outbox::{EventType, matches_filter, ordering_key};

/// Maximum deliveries that one step reads.
const DELIVERIES: u32 = 1_000;
/// Maximum messages for which one step creates deliveries.
const MESSAGES: u32 = 200;

/// Advances the replay that has waited longest by one page. Returns the endpoints that now have due rows, or `None` if
/// no replay is running.
pub(super) async fn step(delivery: &Delivery) -> Result<Option<BTreeSet<EndpointId>>, DbErr> {
    let transaction = delivery.env.db.begin().await?;
    let Some(mut row) = recoveries::take(&transaction).await? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let now_ms = delivery.env.clock.now_ms();
    row.updated_ms = now_ms.max(row.updated_ms + 1);
    let woken = match row.state {
        RecoveryState::Deliveries => requeue(&transaction, &mut row, now_ms).await?,
        RecoveryState::Messages => create_missing(&transaction, &mut row, now_ms).await?,
        RecoveryState::Done => BTreeSet::new(),
    };
    queries::save(&transaction, row).await?;
    transaction.commit().await?;
    Ok(Some(woken))
}

async fn requeue(
    transaction: &Transaction,
    row: &mut webhook_recovery::Model,
    now_ms: i64,
) -> Result<BTreeSet<EndpointId>, DbErr> {
    let page = recoveries::requeue_page(transaction, row, DELIVERIES, now_ms).await?;
    match page.last {
        Some(last) => row.delivery_cursor = last,
        None => row.state = RecoveryState::Messages,
    }
    row.requeued += i64::try_from(page.rows).unwrap_or_default();
    Ok(page.endpoints)
}

async fn create_missing(
    transaction: &Transaction,
    row: &mut webhook_recovery::Model,
    now_ms: i64,
) -> Result<BTreeSet<EndpointId>, DbErr> {
    let missing = recoveries::missing_deliveries_page(transaction, row, MESSAGES).await?;
    let Some(last) = missing.last() else {
        row.state = RecoveryState::Done;
        return Ok(BTreeSet::new());
    };
    row.message_cursor = last.sequence;
    let endpoints = webhooks::receiving(transaction, &[row.creditor_id]).await?;
    let mut deliveries = Vec::new();
    for message in missing {
        let made = deliveries_of(&message, row, &endpoints, now_ms);
        if !made.is_empty()
            && recoveries::record_deliveries(transaction, message.message, made.len()).await?
        {
            deliveries.extend(made);
        }
    }
    row.created += i64::try_from(deliveries.len()).unwrap_or_default();
    let woken = deliveries.iter().map(|made| made.endpoint_id).collect();
    outbox::write(transaction, Vec::new(), deliveries).await?;
    Ok(woken)
}

/// Builds one delivery for each endpoint whose filter matches now. A test event is not replayed, because it answers a
/// single request.
fn deliveries_of(
    message: &MissingDelivery,
    row: &webhook_recovery::Model,
    endpoints: &[webhook_endpoint::Model],
    now_ms: i64,
) -> Vec<delivery::Model> {
    let event = EventType::parse(&message.event_type);
    let Some(event) = event.filter(|event| *event != EventType::WebhookTest) else {
        return Vec::new();
    };
    let placement = placement_of(&message.payload);
    let matching = endpoints
        .iter()
        .filter(|endpoint| matches_filter(endpoint, event));
    matching
        .map(|endpoint| delivery::Model {
            id: DeliveryId(Uuid::now_v7()),
            message_id: message.message,
            endpoint_id: endpoint.id,
            creditor_id: row.creditor_id,
            state: delivery::DeliveryState::Pending,
            due_ms: now_ms,
            owner: None,
            claim_no: 0,
            attempt: 0,
            order_key: ordering_key(endpoint, placement),
            sequence: message.sequence,
            response_status: None,
        })
        .collect()
}

fn placement_of(payload: &str) -> Option<PlacementId> {
    let body: serde_json::Value = serde_json::from_str(payload).ok()?;
    let id = body["data"]["placement_id"].as_str()?;
    Uuid::parse_str(id).ok().map(PlacementId)
}
