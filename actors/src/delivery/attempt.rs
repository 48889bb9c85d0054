//! One delivery attempt, from a leased row to the end of its lease: sign, send, and apply the retry rules.
//!
//! An attempt runs in its own task, outside the actors. It never holds a transaction or a lock while it waits for
//! the receiver.

use bytes::Bytes;
use entities::ids::AttemptId;
use entities::queries::delivery::{Attempt, ClaimedDelivery, CompletionOutcome};
use entities::webhook_endpoint::OnExhausted;
use uuid::Uuid;

use super::completed_lease::{AttemptOutcome, CompletedLease, DisableReason};
use super::endpoint_config::Config;
use super::handle::Delivery;
use super::sender::{AttemptResponse, OutOfFileDescriptors, Post};
use crate::domain::retry;
use crate::domain::retry::{FailureCause, NextStep};
use crate::domain::safe_address::UnsafeUrl;
use crate::domain::signature::sign;
use crate::domain::trace_context::TraceContext;
use crate::infra::trace;
use crate::leases::{AttemptResult, LeasedDelivery};

/// Why nothing was sent. The cause is on our side, so no attempt is counted.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error(transparent)]
    OutOfFileDescriptors(#[from] OutOfFileDescriptors),
    #[error("the endpoint has no unexpired signing secret")]
    NoSecret,
}

/// Sends one row and returns how its lease ends.
pub(super) async fn run(
    delivery: &Delivery,
    config: &Config,
    leased: LeasedDelivery,
) -> (CompletedLease, AttemptOutcome) {
    if leased.row.payload.is_empty() {
        return (
            CompletedLease::cancelled(leased),
            AttemptOutcome::PayloadErased,
        ); // erased after it was claimed
    }
    match exchange(delivery, config, &leased.row).await {
        Ok(answer) => {
            let attempted = AttemptResult {
                delivered: answer.outcome == retry::Outcome::Delivered,
                latency_ms: answer.latency_ms,
            };
            let lag_ms = delivery.env.clock.now_ms() - leased.row.created_ms;
            let metrics = &delivery.metrics;
            metrics.attempted(&answer.outcome, answer.latency_ms, lag_ms);
            (
                ended(delivery, config, leased, answer),
                AttemptOutcome::Sent(attempted),
            )
        }
        Err(reason) => {
            tracing::error!(
                endpoint_id = %leased.row.endpoint,
                delivery_id = %leased.row.fence.delivery,
                error = %reason,
                "a delivery was not sent and is requeued"
            );
            (CompletedLease::released(leased), AttemptOutcome::Unsent)
        }
    }
}

async fn exchange(
    delivery: &Delivery,
    config: &Config,
    row: &ClaimedDelivery,
) -> Result<AttemptResponse, Unsent> {
    let url = match &config.url {
        Ok(url) => url.clone(),
        Err(reason) => return Ok(refused(*reason)),
    };
    let now_ms = delivery.env.clock.now_ms();
    let (id, timestamp_s) = (webhook_id(row), now_ms.div_euclid(1_000));
    let secrets = config.live_secrets(now_ms);
    if secrets.is_empty() {
        return Err(Unsent::NoSecret);
    }
    let signature = sign(&secrets, &id, timestamp_s, row.payload.as_bytes());
    let body = Bytes::from(row.payload.clone());
    Ok(delivery
        .sender
        .post(Post {
            url,
            id,
            timestamp_s,
            signature,
            traceparent: span_of(row).to_string(),
            headers: config.headers.clone(),
            body,
        })
        .await?)
}

/// A new span for each attempt, in the trace of the request that caused the event.
fn span_of(row: &ClaimedDelivery) -> TraceContext {
    let parent = row.traceparent.as_deref().and_then(TraceContext::parse);
    parent.map_or_else(trace::new_trace, trace::child_of)
}

/// The `webhook-id` header. It is the same for every attempt and every endpoint of a message.
fn webhook_id(row: &ClaimedDelivery) -> String {
    format!("msg_{}", row.message)
}

fn refused(reason: UnsafeUrl) -> AttemptResponse {
    let detail = reason.to_string();
    super::sender::failed(FailureCause::UnsafeAddress, Some(&detail))
}

/// Applies the retry rules to a response.
fn ended(
    delivery: &Delivery,
    config: &Config,
    leased: LeasedDelivery,
    answer: AttemptResponse,
) -> CompletedLease {
    let now_ms = delivery.env.clock.now_ms();
    let attempts_done = u32::try_from(leased.row.attempt)
        .unwrap_or_default()
        .saturating_add(1);
    let settings = &delivery.env.settings;
    let schedule = &settings.retry_schedule;
    // The later attempts must find the payload, too.
    let later_ms = schedule.longest_after(attempts_done + 1, settings.delivery_timeout);
    let latest_ms = settings.payload_kept_until_ms(leased.row.message) - later_ms;
    let jitter = rand::random::<f64>();
    let next = retry::next(
        schedule,
        &answer.outcome,
        attempts_done,
        now_ms,
        latest_ms,
        jitter,
    );
    let outcome = match next {
        NextStep::Delivered => CompletionOutcome::Delivered,
        NextStep::RetryAt { due_ms } => CompletionOutcome::Failed { due_ms },
        NextStep::Exhausted => CompletionOutcome::Exhausted,
        NextStep::DisableEndpoint => CompletionOutcome::Cancelled,
    };
    let attempt = Attempt {
        id: AttemptId(Uuid::now_v7()),
        at_ms: now_ms,
        latency_ms: answer.latency_ms,
        response_status: answer.status,
        error: answer.error,
        response_excerpt: answer.excerpt,
    };
    let stop = match next {
        NextStep::DisableEndpoint => Some(DisableReason::ReceiverGone),
        NextStep::Exhausted if leased.row.in_order && config.on_exhausted == OnExhausted::Pause => {
            Some(DisableReason::HeadExhausted)
        }
        NextStep::Exhausted | NextStep::Delivered | NextStep::RetryAt { .. } => None,
    };
    CompletedLease {
        stop,
        ..CompletedLease::new(leased, outcome, Some(attempt))
    }
}
