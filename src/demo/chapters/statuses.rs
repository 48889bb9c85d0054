//! Placements change: operations advance them, a payment closes one, and the creditor recalls another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::received_webhooks::{self, Placed};
use crate::demo::context::DemoContext;
use crate::demo::failure::{Failure, Poll, until};
use crate::demo::request::{Call, Caller};

/// How long a placement may stay in one status before the demo advances it.
const STALLS_AFTER: Duration = Duration::from_secs(4);

/// The time limit for all placements to get past `ready`.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Chapter 7: outreach starts, one debtor pays, and the creditor recalls another placement.
pub(in crate::demo) async fn change(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    context.narrator.chapter("Statuses change");
    context.says(
        "In the sandbox a simulator takes the role of the company's operations. The demo advances \
         a placement that does not move, with the sandbox's advance call.",
    );
    let placements = wait_for_outreach(context, key).await?;
    context.held("every placement is past pending_enrichment and ready");
    let mut open = placements.iter().filter(|placed| is_open(&placed.status));
    let (Some(paid), Some(recalled)) = (open.next(), open.next()) else {
        return Err(Failure::new("two placements are open", "two", "fewer"));
    };
    pay(context, key, paid).await?;
    recall(context, key, recalled).await
}

/// The last seen status of each placement, and when it was first seen.
#[derive(Default)]
struct Watch {
    seen: BTreeMap<String, (String, Instant)>,
}

impl Watch {
    /// Prints each change. Returns the placements that have not changed for longer than [`STALLS_AFTER`].
    fn update<'a>(&mut self, context: &DemoContext, placements: &'a [Placed]) -> Vec<&'a Placed> {
        let mut stalled = Vec::new();
        for placed in placements {
            let known = self.seen.get(&placed.id);
            match known {
                Some((status, since)) if *status == placed.status => {
                    if since.elapsed() > STALLS_AFTER {
                        stalled.push(placed);
                    }
                    continue;
                }
                Some((before, _)) => {
                    let Placed {
                        invoice, status, ..
                    } = placed;
                    context
                        .narrator
                        .happened(&format!("{invoice}: {before} → {status}"));
                }
                None => {}
            }
            self.seen
                .insert(placed.id.clone(), (placed.status.clone(), Instant::now()));
        }
        stalled
    }
}

async fn wait_for_outreach(context: &DemoContext, key: &Caller) -> Result<Vec<Placed>, Failure> {
    let mut watch = Watch::default();
    let expected = "every placement past pending_enrichment and ready";
    until(&context.narrator, expected, TIMEOUT, async || {
        let placements = received_webhooks::placements(context, key).await?;
        for placed in watch.update(context, &placements) {
            if let Some(to) = next(&placed.status) {
                advance(context, key, placed, to).await?;
            }
        }
        let waiting = placements
            .iter()
            .filter(|placed| next(&placed.status).is_some())
            .count();
        Ok(match waiting {
            0 => Poll::Done(placements),
            _ => Poll::NotYet(format!(
                "{waiting} of {} not in outreach yet",
                placements.len()
            )),
        })
    })
    .await
}

/// The status to which operations advance a new placement.
fn next(status: &str) -> Option<&'static str> {
    match status {
        "pending_enrichment" => Some("ready"),
        "ready" => Some("in_outreach"),
        _ => None,
    }
}

fn is_open(status: &str) -> bool {
    next(status).is_some() || ["in_outreach", "disputed"].contains(&status)
}

async fn advance(
    context: &DemoContext,
    key: &Caller,
    placed: &Placed,
    to: &str,
) -> Result<(), Failure> {
    let call = Call::post(format!("/v1/test/placements/{}/advance", placed.id))
        .by(key)
        .json(&json!({"to": to}))
        .says(format!("{} to {to}", placed.invoice))
        .shows(&["/status"]);
    let answer = context.client.ask(call).await?;
    // The simulator may have advanced the placement in the meantime.
    if answer.refuses(409, "invalid_transition") {
        return Ok(());
    }
    answer.must_succeed().map(drop)
}

async fn pay(context: &DemoContext, key: &Caller, placed: &Placed) -> Result<(), Failure> {
    let Placed {
        id,
        invoice,
        balance,
        ..
    } = placed;
    context.says(&format!("The debtor of {invoice} pays the full amount."));
    let call = Call::post(format!("/v1/placements/{id}/payment-received"))
        .by(key)
        .header(
            "Idempotency-Key",
            format!("demo-{}-payment", context.suffix),
        )
        .json(&json!({"amount": balance}))
        .says(format!("{balance} for {invoice}"))
        .shows(&["/amount", "/balance", "/status"]);
    let answer = context.client.ask(call).await?.must_succeed()?;
    let (balance, status) = (answer.string("/balance")?, answer.string("/status")?);
    let paid = status == "paid" && balance == "0.00";
    let came = format!("{status}, balance {balance}");
    context.check(
        paid,
        "the placement is paid and nothing is owed",
        "paid, balance 0.00",
        came,
    )?;
    check_outreach_blocked(
        context,
        key,
        id,
        "a debtor who has paid is no longer contacted",
    )
    .await
}

async fn recall(context: &DemoContext, key: &Caller, placed: &Placed) -> Result<(), Failure> {
    let Placed { id, invoice, .. } = placed;
    context.says(&format!("The creditor recalls {invoice}."));
    let call = Call::post(format!("/v1/placements/{id}/recall"))
        .by(key)
        .shows(&["/status"]);
    let status = context
        .client
        .ask(call)
        .await?
        .must_succeed()?
        .string("/status")?;
    context.check(
        status == "recalled",
        "the placement is recalled",
        "recalled",
        &status,
    )?;
    check_outreach_blocked(context, key, id, "outreach has stopped").await
}

async fn check_outreach_blocked(
    context: &DemoContext,
    key: &Caller,
    id: &str,
    what: &str,
) -> Result<(), Failure> {
    let call = Call::get(format!("/v1/placements/{id}")).by(key).shows(&[
        "/status",
        "/outreach_allowed",
        "/outreach_blocked_reason",
    ]);
    let allowed = context.ask(call, 200).await?.truth("/outreach_allowed")?;
    context.check(
        !allowed,
        what,
        "outreach_allowed false",
        "outreach_allowed true",
    )
}
