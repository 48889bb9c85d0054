//! Compares the webhooks that the receiver got with what the API reports.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use test_support::receiver::Arrival;

use crate::demo::context::DemoContext;
use crate::demo::failure::{Failure, Poll, until};
use crate::demo::request::{Call, Caller};
use crate::demo::terminal_text::count;

/// The time limit for all events to arrive. It exceeds the longest wait of the demo's retry schedule and two cooldowns
/// of the server's circuit breaker.
const TIMEOUT: Duration = Duration::from_secs(25);

/// The page size, which is the largest that the API accepts.
const PAGE: usize = 100;

/// One row of the delivery log.
#[derive(Deserialize)]
pub(in crate::demo) struct Delivery {
    webhook_id: String,
    /// The delivery status.
    pub(in crate::demo) status: String,
    /// Number of finished attempts.
    pub(in crate::demo) attempts: usize,
}

/// A placement as the API shows it.
#[derive(Deserialize)]
pub(in crate::demo) struct Placed {
    /// The placement id.
    pub(in crate::demo) id: String,
    /// The creditor's invoice number.
    #[serde(rename = "invoice_number")]
    pub(in crate::demo) invoice: String,
    /// The placement status.
    pub(in crate::demo) status: String,
    /// The amount still owed, as a decimal string.
    pub(in crate::demo) balance: String,
}

/// All events at a moment when every sent event had been received.
pub(in crate::demo) struct Settled {
    /// The events, ordered by sequence number.
    pub(in crate::demo) events: Vec<Arrival>,
    /// The number of delivery attempts of each event, in the same order.
    pub(in crate::demo) attempts: Vec<usize>,
}

/// Waits until every event has been received and the events agree with the API.
pub(in crate::demo) async fn settle(
    context: &DemoContext,
    key: &Caller,
) -> Result<Settled, Failure> {
    let expected = "every event at the receiver, and the same statuses there as in the API";
    until(&context.narrator, expected, TIMEOUT, async || {
        let sent = deliveries(context, key).await?;
        fail_if_undeliverable(context, &sent)?;
        let events = context.receiver.events();
        let is_received = |row: &&Delivery| events.iter().any(|event| event.id == row.webhook_id);
        let received = sent.iter().filter(is_received).count();
        let done = sent.iter().filter(|row| row.status == "delivered").count();
        if received < sent.len() || done < sent.len() || sent.is_empty() {
            let total = count(sent.len(), "event");
            return Ok(Poll::NotYet(format!(
                "{received} of {total} received and verified"
            )));
        }
        let settled = matched(context, &sent);
        let placements = placements(context, key).await?;
        Ok(match disagreement(&settled.events, &placements) {
            Some(text) => Poll::NotYet(text),
            None => Poll::Done(settled),
        })
    })
    .await
}

/// Fails on a rejected webhook and on a delivery that will not be retried.
fn fail_if_undeliverable(context: &DemoContext, sent: &[Delivery]) -> Result<(), Failure> {
    if let Some(refused) = context.receiver.refused().first() {
        return Err(Failure::new(
            "the receiver verifies every webhook",
            "no rejected webhook",
            refused,
        ));
    }
    let over = |row: &&Delivery| ["exhausted", "cancelled"].contains(&row.status.as_str());
    sent.iter().find(over).map_or(Ok(()), |lost| {
        Err(Failure::new(
            format!("event {}", lost.webhook_id),
            "delivered",
            &lost.status,
        ))
    })
}

/// The received events of the deliveries in `sent`. Events of later deliveries may have arrived already and are left
/// out.
fn matched(context: &DemoContext, sent: &[Delivery]) -> Settled {
    let attempts = |event: &Arrival| sent.iter().find(|row| row.webhook_id == event.id);
    let pairs = context.receiver.events().into_iter();
    let (events, attempts) = pairs
        .filter_map(|event| {
            attempts(&event)
                .map(|row| row.attempts)
                .map(|tries| (event, tries))
        })
        .unzip();
    Settled { events, attempts }
}

/// Describes the first placement whose last event has another status than the API.
fn disagreement(events: &[Arrival], placements: &[Placed]) -> Option<String> {
    placements.iter().find_map(|placed| {
        let reported = last_status(events, &placed.id).unwrap_or("nothing");
        (reported != placed.status).then(|| {
            let Placed {
                invoice, status, ..
            } = placed;
            format!("{invoice}: the last event says {reported}, the API says {status}")
        })
    })
}

fn last_status<'a>(events: &'a [Arrival], placement: &str) -> Option<&'a str> {
    events
        .iter()
        .filter(|event| event.field("placement_id") == Some(placement))
        .filter(|event| {
            ["placement.created", "placement.status_changed"].contains(&event.event_type())
        })
        .filter_map(|event| event.field("status"))
        .next_back()
}

/// Prints the events after the first `known` ones.
pub(in crate::demo) fn table(context: &DemoContext, settled: &Settled, known: usize) {
    context
        .narrator
        .row(&line("seq", "event", "content", "tries", "signature"));
    for (event, tries) in settled.events.iter().zip(&settled.attempts).skip(known) {
        let genuine = context.receiver.believes(event, &event.raw);
        let (seq, tries) = (event.sequence().to_string(), tries.to_string());
        let signature = if genuine { "verified" } else { "INVALID" };
        context.narrator.row(&line(
            &seq,
            event.event_type(),
            &about(&event.body["data"]),
            &tries,
            signature,
        ));
    }
}

fn line(seq: &str, kind: &str, about: &str, tries: &str, signature: &str) -> String {
    format!("{seq:>3}  {kind:<24} {about:<44} {tries:>5}  {signature}")
}

/// A summary of an event's data: `INV-1: ready → in_outreach`.
fn about(data: &Value) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let change = |before: &str, after: &str| match (text(before), text(after)) {
        (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
        (_, to) => to.unwrap_or_default().to_owned(),
    };
    let summary = match text("amount") {
        Some(amount) => format!("{amount} received"),
        None if text("prefix").is_some() => format!("key {}", change("previous_prefix", "prefix")),
        None => change("previous_status", "status"),
    };
    match text("invoice_number") {
        Some(invoice) => format!("{invoice}: {summary}"),
        None => summary,
    }
}

/// Checks the signatures, the sequence numbers and the rejection of changed bodies at the receiver.
pub(in crate::demo) fn verify(context: &DemoContext, settled: &Settled) -> Result<(), Failure> {
    let events = &settled.events;
    let refused = context.receiver.refused();
    let genuine = events
        .iter()
        .all(|event| context.receiver.believes(event, &event.raw));
    let what = format!(
        "{} received, and every signature verifies",
        count(events.len(), "event")
    );
    let came = format!("rejected: {}", refused.join("; "));
    context.check(
        genuine && refused.is_empty(),
        &what,
        "only genuine signatures",
        came,
    )?;

    let forged = events
        .iter()
        .find(|event| context.receiver.believes(event, &tampered(event)));
    let what = "no signature verifies after one byte of the body is changed";
    let came = forged.map_or("", |event| &event.id);
    context.check(forged.is_none(), what, "no changed body verifies", came)?;

    let numbers: Vec<i64> = events.iter().map(Arrival::sequence).collect();
    let gapless = numbers
        .iter()
        .zip(1..)
        .all(|(number, expected)| *number == expected);
    let what = format!(
        "the sequence numbers run from 1 to {} without a gap",
        numbers.len()
    );
    let expected = format!("1 to {}", numbers.len());
    context.check(gapless, &what, expected, format!("{numbers:?}"))?;
    context.held("the last event of each placement agrees with the API");
    Ok(())
}

/// The body with its middle byte changed.
fn tampered(event: &Arrival) -> Vec<u8> {
    let mut body = event.raw.to_vec();
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte ^= 1;
    }
    body
}

/// Reads all deliveries without printing anything.
pub(in crate::demo) async fn deliveries(
    context: &DemoContext,
    key: &Caller,
) -> Result<Vec<Delivery>, Failure> {
    let mut rows = Vec::new();
    loop {
        let path = "/v1/settings/webhook-deliveries";
        let call = Call::get(format!("{path}?limit={PAGE}&offset={}", rows.len())).by(key);
        let answer = context.read(call).await?;
        let page: Vec<Delivery> = answer.read("/items")?;
        let is_last = page.len() < PAGE;
        rows.extend(page);
        if is_last {
            return Ok(rows);
        }
    }
}

/// Reads the creditor's placements, at most one page, without printing anything.
pub(in crate::demo) async fn placements(
    context: &DemoContext,
    key: &Caller,
) -> Result<Vec<Placed>, Failure> {
    let call = Call::get(format!("/v1/placements?limit={PAGE}&sort=placed_at")).by(key);
    context.read(call).await?.read("/items")
}
