//! One attempt, from a leased row to the end of its lease: sign, send, and ask the rules what
//! follows. Runs beside the actors; holds no transaction and no lock while the receiver thinks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use entities::ids::{CreditorId, DeliveryId, EndpointId};
use entities::queries::delivery::{Attempt, ClaimedDelivery, Completion, Ending};
use entities::webhook_endpoint::OnExhausted;
use uuid::Uuid;

use super::completer::CompleterMsg;
use super::disable::Stop;
use super::endpoint_config::Config;
use super::sender::{Answer, OutOfSockets, Post};
use crate::app::House;
use crate::domain::retry;
use crate::domain::retry::{FailureCause, NextStep};
use crate::domain::safe_address::UnsafeUrl;
use crate::domain::signature::sign;
use crate::domain::trace_context::TraceContext;
use crate::infra::trace;
use crate::leases::{Attempted, Lease};
use crate::supervision::Address;

/// A leased row and the lease that goes with it.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) row: ClaimedDelivery,
    pub(crate) lease: Lease,
}

/// A lease that has ended, until its completion is committed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(super) lease: Lease,
    pub(super) creditor: CreditorId,
    pub(super) completion: Completion,
    /// Its endpoint is to get nothing more.
    pub(super) stop: Option<Stop>,
    /// Others wait behind it.
    pub(super) in_order: bool,
}

impl Ended {
    pub(super) fn endpoint(&self) -> EndpointId {
        self.lease.endpoint()
    }

    pub(super) fn delivery(&self) -> DeliveryId {
        self.completion.fence.delivery
    }

    /// When it is tried again, if it is.
    pub(super) fn due_ms(&self) -> Option<i64> {
        match self.completion.ending {
            Ending::Failed { due_ms } => Some(due_ms),
            Ending::Delivered | Ending::Exhausted | Ending::Cancelled | Ending::Released => None,
        }
    }

    fn new(leased: Leased, ending: Ending, attempt: Option<Attempt>) -> Self {
        let completion = Completion {
            fence: leased.lease.fence(),
            ending,
            attempt,
        };
        Self {
            lease: leased.lease,
            creditor: leased.row.creditor,
            completion,
            stop: None,
            in_order: leased.row.in_order,
        }
    }

    /// Not sent: back to the queue as it was.
    pub(super) fn released(leased: Leased) -> Self {
        Self::new(leased, Ending::Released, None)
    }

    /// Not sent, and never will be: its endpoint gets nothing more.
    pub(super) fn cancelled(leased: Leased) -> Self {
        Self::new(leased, Ending::Cancelled, None)
    }
}

/// Why nothing was sent, through no fault of the receiver: no attempt is spent.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error(transparent)]
    OutOfSockets(#[from] OutOfSockets),
    #[error("the endpoint has no live signing secret")]
    NoSecret,
}

/// What became of a row that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It was, and this came of it.
    Sent(Attempted),
    /// There is nothing left to send.
    Unneeded,
    /// It could not be, through no fault of the receiver.
    Unsent,
}

/// Sends one row and says how its lease ends.
pub(super) async fn run(house: &House, config: &Config, leased: Leased) -> (Ended, Tried) {
    if leased.row.payload.is_empty() {
        return (Ended::cancelled(leased), Tried::Unneeded); // erased while it was on its way
    }
    match exchange(house, config, &leased.row).await {
        Ok(answer) => {
            let attempted = Attempted {
                delivered: answer.outcome == retry::Outcome::Delivered,
                latency_ms: answer.latency_ms,
            };
            let lag_ms = house.clock.now_ms() - leased.row.created_ms;
            let metrics = &house.metrics;
            metrics.attempted(&answer.outcome, answer.latency_ms, lag_ms);
            (ended(house, config, leased, answer), Tried::Sent(attempted))
        }
        Err(reason) => {
            tracing::error!(endpoint = %leased.row.endpoint, %reason, "a delivery waits");
            (Ended::released(leased), Tried::Unsent)
        }
    }
}

async fn exchange(house: &House, config: &Config, row: &ClaimedDelivery) -> Result<Answer, Unsent> {
    let url = match &config.url {
        Ok(url) => url.clone(),
        Err(reason) => return Ok(refused(*reason)),
    };
    let now_ms = house.clock.now_ms();
    let (id, timestamp_s) = (webhook_id(row), now_ms.div_euclid(1_000));
    let secrets = config.live_secrets(now_ms);
    if secrets.is_empty() {
        return Err(Unsent::NoSecret);
    }
    let signature = sign(&secrets, &id, timestamp_s, row.payload.as_bytes());
    let body = Bytes::from(row.payload.clone());
    Ok(house
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

/// A span of its own for every attempt, in the trace of the request that the event came from.
fn span_of(row: &ClaimedDelivery) -> TraceContext {
    let parent = row.traceparent.as_deref().and_then(TraceContext::parse);
    parent.map_or_else(trace::fresh, trace::child_of)
}

/// The same on every attempt, and at every endpoint of the message.
fn webhook_id(row: &ClaimedDelivery) -> String {
    format!("msg_{}", row.message)
}

fn refused(reason: UnsafeUrl) -> Answer {
    let detail = reason.to_string();
    super::sender::failed(FailureCause::UnsafeAddress, Some(&detail))
}

/// What the rules make of an answer.
fn ended(house: &House, config: &Config, leased: Leased, answer: Answer) -> Ended {
    let now_ms = house.clock.now_ms();
    let attempts_done = u32::try_from(leased.row.attempt)
        .unwrap_or_default()
        .saturating_add(1);
    let schedule = &house.settings.retry_schedule;
    let next = retry::next(
        schedule,
        &answer.outcome,
        attempts_done,
        now_ms,
        rand::random::<f64>(),
    );
    let ending = match next {
        NextStep::Delivered => Ending::Delivered,
        NextStep::RetryAt { due_ms } => Ending::Failed { due_ms },
        NextStep::Exhausted => Ending::Exhausted,
        NextStep::DisableEndpoint => Ending::Cancelled,
    };
    let attempt = Attempt {
        id: Uuid::now_v7(),
        at_ms: now_ms,
        latency_ms: answer.latency_ms,
        response_status: answer.status,
        error: answer.error,
        response_excerpt: answer.excerpt,
    };
    let stop = match next {
        NextStep::DisableEndpoint => Some(Stop::Gone),
        NextStep::Exhausted if leased.row.in_order && config.on_exhausted == OnExhausted::Pause => {
            Some(Stop::LineBlocked)
        }
        NextStep::Exhausted | NextStep::Delivered | NextStep::RetryAt { .. } => None,
    };
    Ended {
        stop,
        ..Ended::new(leased, ending, Some(attempt))
    }
}

/// How long an ended lease waits for a Completer that is being restarted.
const PATIENCE: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// Hands an ended lease to the Completer. If none comes back in time the lease is lost, and its
/// row is sent again.
pub(super) async fn hand_over(completer: &Address<CompleterMsg>, ended: Ended) {
    for _ in 0..PATIENCE {
        if completer.waiting().is_some() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let _ = completer.send(CompleterMsg::Settle { ended: vec![ended] });
}

/// Gives rows back to the queue that were not sent.
pub(crate) fn give_back(house: &Arc<House>, rows: Vec<Leased>) {
    if rows.is_empty() {
        return;
    }
    let ended = rows.into_iter().map(Ended::released).collect();
    let _ = house
        .addresses
        .completer
        .send(CompleterMsg::Settle { ended });
}
