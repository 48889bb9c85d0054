//! The test event, which is sent inline and bypasses the queue.
//!
//! The caller gets the response of the receiver, regardless of an open circuit, earlier deliveries with the same
//! ordering key, or the throttle. Otherwise a test event is a normal delivery. Its message and row are written first,
//! so that the queue sends it a little later if this process crashes.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::{CreditorId, DeliveryId, EndpointId};
use entities::queries::delivery::{self as queue, CompletionOutcome};
use entities::queries::webhooks;
use entities::webhook_endpoint::{self, EndpointState};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::completed_lease::{AttemptOutcome, CompletedLease};
use super::handle::Delivery;
use super::release::complete;
use super::{attempt, delivery_log, endpoint_config};
use crate::contract::{ApiError, Replayable, TestEventView};
use crate::creditor::{CreditorTransaction, IdempotentOperation};
use crate::infra::Env;
use crate::leases::LeasedDelivery;
use crate::outbox::EventType;

/// When the queue sends the event if it has not been sent inline. Longer than an attempt can take.
const QUEUE_AFTER_MS: i64 = 60_000;
/// How often a repeated request checks whether the first one has finished.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Sends a test event to the given or the primary endpoint, and returns the receiver's response.
///
/// # Errors
/// [`ApiError::Overloaded`] if this process may not send, [`ApiError::EndpointDisabled`] if the endpoint is disabled.
pub(crate) async fn send_test(
    delivery: &Arc<Delivery>,
    creditor: CreditorId,
    actor: &str,
    endpoint: Option<EndpointId>,
    once: &IdempotentOperation,
) -> Result<Replayable<TestEventView>, ApiError> {
    if !delivery.may_send() {
        return Err(ApiError::Overloaded);
    }
    let mut transaction = CreditorTransaction::begin(&delivery.creditors, creditor).await?;
    if let Some(made) = once.find_result(&transaction).await? {
        drop(transaction);
        return wait_for_result(&delivery.env, creditor, DeliveryId(made)).await;
    }
    let endpoint = find_testable(&transaction, endpoint).await?.id;
    let data = json!({"endpoint_id": endpoint});
    transaction.audit("settings.webhook_tested", actor, data);
    let due_ms = transaction.outbox.now_ms() + QUEUE_AFTER_MS;
    let sent = transaction
        .outbox
        .inline_event(creditor, EventType::WebhookTest, endpoint, due_ms);
    let sent = sent.ok_or(ApiError::Internal)?;
    let id = *sent.deliveries.first().ok_or(ApiError::Internal)?;
    once.store_result(&transaction, id.0).await?;
    transaction.commit().await?;
    let exchanged = exchange(delivery, creditor, endpoint, id).await;
    let Ok(ended) = exchanged else {
        // The queue sends it after `QUEUE_AFTER_MS`.
        let queued = shown(&delivery.env, creditor, id).await?;
        return Ok(Replayable {
            replayed: false,
            ..queued
        });
    };
    let value = view(id, sent.message.0, &ended);
    complete(&delivery.completer, ended).await;
    Ok(Replayable {
        value,
        replayed: false,
    })
}

/// Finds the endpoint to test. A paused endpoint may be tested, a disabled one may not.
async fn find_testable(
    transaction: &CreditorTransaction<'_>,
    endpoint: Option<EndpointId>,
) -> Result<webhook_endpoint::Model, ApiError> {
    let (transaction, creditor) = (&transaction.db, transaction.creditor.id);
    let found = match endpoint {
        Some(id) => webhooks::by_id(transaction, creditor, id).await,
        None => webhooks::primary(transaction, creditor).await,
    };
    let found = found?.filter(|row| !row.url.is_empty());
    let row = found.ok_or(ApiError::not_found("webhook; set its URL first"))?;
    match row.state {
        EndpointState::Enabled | EndpointState::Paused => Ok(row),
        EndpointState::Disabled => Err(ApiError::EndpointDisabled {
            reason: row.state_reason.unwrap_or_default(),
        }),
    }
}

/// Leases the row, sends it and records the attempt. A success closes an open circuit.
async fn exchange(
    delivery: &Arc<Delivery>,
    creditor: CreditorId,
    endpoint: EndpointId,
    id: DeliveryId,
) -> Result<CompletedLease, ApiError> {
    let config = endpoint_config::read(delivery, endpoint).await;
    let config = config.map_err(|error| {
        tracing::error!(%error, endpoint_id = %endpoint, "cannot send a test event");
        ApiError::Internal
    })?;
    let leased = lease(delivery, endpoint, id).await?;
    // The membership may have lapsed during the queries above.
    if !delivery.may_send() {
        return Ok(CompletedLease::released(leased));
    }
    let (ended, tried) = attempt::run(delivery, &config, leased).await;
    if let AttemptOutcome::Sent(attempted) = tried {
        let now_ms = delivery.env.clock.now_ms();
        delivery
            .leases
            .record(endpoint, creditor, attempted, now_ms);
    }
    Ok(ended)
}

async fn lease(
    delivery: &Arc<Delivery>,
    endpoint: EndpointId,
    id: DeliveryId,
) -> Result<LeasedDelivery, ApiError> {
    let mut reservation = delivery.leases.reserve_over_capacity(endpoint);
    let transaction = delivery.env.db.begin().await?;
    let row = queue::claim_one(&transaction, delivery.cluster.membership.epoch(), id)
        .await?
        .ok_or(ApiError::Internal)?;
    let lease = reservation.lease(row.fence);
    transaction.commit().await?;
    Ok(LeasedDelivery { row, lease })
}

fn view(id: DeliveryId, message: Uuid, ended: &CompletedLease) -> TestEventView {
    let status = match ended.completion.outcome {
        CompletionOutcome::Delivered => "delivered",
        CompletionOutcome::Failed { .. } => "failed",
        CompletionOutcome::Exhausted => "exhausted",
        CompletionOutcome::Cancelled => "cancelled",
        CompletionOutcome::Released => "pending",
    };
    let attempt = ended.completion.attempt.as_ref();
    TestEventView {
        delivery_id: id.0,
        webhook_id: format!("msg_{message}"),
        event: EventType::WebhookTest.as_str(),
        status: status.to_owned(),
        response_status: attempt
            .and_then(|attempt| attempt.response_status)
            .map(i32::from),
        latency_ms: attempt.map(|attempt| attempt.latency_ms),
        error: attempt.and_then(|attempt| attempt.error.clone()),
        response_excerpt: attempt.and_then(|attempt| attempt.response_excerpt.clone()),
    }
}

/// Waits for the result of an earlier request with the same idempotency key, which may still be in progress.
async fn wait_for_result(
    env: &Env,
    creditor: CreditorId,
    id: DeliveryId,
) -> Result<Replayable<TestEventView>, ApiError> {
    let deadline = Instant::now() + env.settings.delivery_timeout;
    loop {
        let replayed = shown(env, creditor, id).await?;
        let answered = replayed.value.latency_ms.is_some();
        if answered || replayed.value.status != "delivering" || Instant::now() >= deadline {
            return Ok(replayed);
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// The current state of the test delivery.
async fn shown(
    env: &Env,
    creditor: CreditorId,
    id: DeliveryId,
) -> Result<Replayable<TestEventView>, ApiError> {
    let mut shown = delivery_log::detail(env, creditor, id).await?;
    let attempt = shown.attempt_log.pop();
    let (latency_ms, error, response_excerpt) = attempt
        .map(|attempt| {
            (
                Some(attempt.latency_ms),
                attempt.error,
                attempt.response_excerpt,
            )
        })
        .unwrap_or_default();
    Ok(Replayable {
        value: TestEventView {
            delivery_id: id.0,
            webhook_id: shown.delivery.webhook_id,
            event: EventType::WebhookTest.as_str(),
            status: shown.delivery.status,
            response_status: shown.delivery.response_status,
            latency_ms,
            error,
            response_excerpt,
        },
        replayed: true,
    })
}
