//! The delivery log that users see, and redelivery of a single delivery.
//!
//! Never sends: a redelivery makes the row due again and wakes the Dispatcher.

use std::sync::Arc;

use entities::ids::{CreditorId, DeliveryId, EndpointId};
use entities::queries::delivery::{self as queue, DeliveryRow, ListFilter};
use entities::webhook_endpoint::EndpointState;
use entities::{Transaction, delivery_attempt};
use serde_json::json;

use super::handle::Delivery;
use super::messages::DispatcherMsg;
use crate::contract::{
    ApiError, AttemptView, DeliveryDetail, DeliveryFilter, DeliveryView, OffsetPage, Page,
    Replayable,
};
use crate::creditor::{CreditorTransaction, IdempotentOperation};
use crate::domain::date::rfc3339_ms;
use crate::domain::delivery_state;
use crate::infra::Env;
use crate::outbox::EventType;

/// One page of deliveries, newest first. Without a creditor it covers all creditors, which only support may see.
pub(crate) async fn list(
    env: &Env,
    creditor: Option<CreditorId>,
    filter: &DeliveryFilter,
    slice: OffsetPage,
) -> Result<Page<DeliveryView>, ApiError> {
    let OffsetPage { limit, offset } = slice;
    let filter = checked(creditor, filter)?;
    let (rows, total) = queue::list(env.db.reader(), &filter, limit, offset).await?;
    Ok(Page {
        items: rows.into_iter().map(view).collect(),
        limit,
        offset,
        total,
    })
}

/// One delivery with all its attempts.
pub(crate) async fn detail(
    env: &Env,
    creditor: CreditorId,
    id: DeliveryId,
) -> Result<DeliveryDetail, ApiError> {
    let reader = env.db.reader();
    let row = queue::detail(reader, creditor, id).await?;
    let row = row.ok_or(ApiError::not_found("delivery"))?;
    let attempts = queue::attempts(reader, creditor, id).await?;
    let attempt_log = (1..).zip(attempts).map(attempt_view).collect();
    Ok(DeliveryDetail {
        delivery: view(row),
        attempt_log,
    })
}

/// Queues a delivery again, whatever its state. Its id and its message stay the same.
pub(crate) async fn redeliver(
    delivery: &Arc<Delivery>,
    creditor: CreditorId,
    actor: &str,
    id: DeliveryId,
    once: &IdempotentOperation,
) -> Result<Replayable<DeliveryView>, ApiError> {
    let mut transaction = CreditorTransaction::begin(&delivery.creditors, creditor).await?;
    let replayed = once.find_result(&transaction).await?.is_some();
    if replayed {
        drop(transaction);
    } else {
        let now_ms = delivery.env.clock.now_ms();
        let endpoint = queue::requeue(&transaction.db, creditor, id, now_ms)
            .await?
            .ok_or(ApiError::not_found("delivery"))?;
        refuse_if_disabled(&transaction.db, endpoint).await?;
        let erased = queue::is_erased(&transaction.db, id).await;
        if erased? {
            return Err(ApiError::PayloadErased);
        }
        let data = json!({"delivery_id": id, "endpoint_id": endpoint});
        transaction.audit("webhook.redelivered", actor, data);
        once.store_result(&transaction, id.0).await?;
        transaction.commit().await?;
        let _ = delivery.dispatcher.send(DispatcherMsg::Wake {
            endpoints: vec![endpoint],
            in_order: true,
        });
    }
    let value = queue::detail(delivery.env.db.reader(), creditor, id)
        .await?
        .map(view)
        .ok_or(ApiError::not_found("delivery"))?;
    Ok(Replayable { value, replayed })
}

/// Refuses a disabled endpoint, because a delivery queued for it would be cancelled immediately.
async fn refuse_if_disabled(
    transaction: &Transaction,
    endpoint: EndpointId,
) -> Result<(), ApiError> {
    let row = queue::endpoint(transaction, endpoint).await?;
    match row {
        Some(row) if row.state != EndpointState::Disabled => Ok(()),
        Some(row) => Err(ApiError::EndpointDisabled {
            reason: row.state_reason.unwrap_or_default(),
        }),
        None => Err(ApiError::not_found("webhook endpoint")),
    }
}

fn checked(creditor: Option<CreditorId>, filter: &DeliveryFilter) -> Result<ListFilter, ApiError> {
    let check = |field, value: &Option<String>, known: Vec<&str>| match value {
        Some(value) if !known.contains(&value.as_str()) => {
            let advice = format!("must be one of {}", known.join(", "));
            Err(ApiError::field(&["query", field], advice))
        }
        _ => Ok(()),
    };
    let events = EventType::ALL.iter().map(|event| event.as_str());
    check("status", &filter.status, delivery_state::ALL.to_vec())?;
    check("event", &filter.event, events.collect())?;
    Ok(ListFilter {
        creditor,
        status: filter.status.clone(),
        event: filter.event.clone(),
    })
}

fn view(row: DeliveryRow) -> DeliveryView {
    DeliveryView {
        id: row.id.0,
        event: row.event_type,
        status: row.status,
        attempts: i32::try_from(row.attempts).unwrap_or(i32::MAX),
        response_status: row.response_status,
        next_attempt_at: row.due_ms.map(rfc3339_ms),
        delivered_at: row.delivered_ms.map(rfc3339_ms),
        webhook_id: format!("msg_{}", row.message),
        endpoint_id: row.endpoint.0,
        creditor_id: row.creditor.0,
        created_at: rfc3339_ms(row.created_ms),
    }
}

/// Attempt numbers run over the whole life of the delivery, including redeliveries.
fn attempt_view((attempt, row): (i32, delivery_attempt::Model)) -> AttemptView {
    AttemptView {
        attempt,
        at: rfc3339_ms(row.at_ms - row.latency_ms),
        response_status: row.response_status,
        latency_ms: row.latency_ms,
        error: row.error,
        response_excerpt: row.response_excerpt,
    }
}
