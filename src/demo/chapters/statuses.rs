//! Placements live: operations move them, a payment ends one, the creditor recalls another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::received_webhooks::{self, Placed};
use crate::demo::context::Stage;
use crate::demo::failure::{Failure, Look, until};
use crate::demo::request::{Call, Caller};

/// How long a placement may stand still before the demo moves it itself.
const STALLS_AFTER: Duration = Duration::from_secs(4);

/// For all of them to come under outreach.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Chapter 7.
pub(in crate::demo) async fn change(stage: &Stage, key: &Caller) -> Result<(), Failure> {
    stage.narrator.chapter("Statuses change");
    stage.narrator.says(
        "In the sandbox a simulator plays the company's operations. What stands still is moved \
         with the sandbox's advance call.",
    );
    let placements = under_way(stage, key).await?;
    stage
        .narrator
        .held("every placement is past pending_enrichment and ready");
    let mut open = placements.iter().filter(|placed| is_open(&placed.status));
    let (Some(paid), Some(recalled)) = (open.next(), open.next()) else {
        return Err(Failure::new("two placements are open", "two", "fewer"));
    };
    pay(stage, key, paid).await?;
    recall(stage, key, recalled).await
}

/// When a placement was first seen in its status.
#[derive(Default)]
struct Watch {
    seen: BTreeMap<String, (String, Instant)>,
}

impl Watch {
    /// Tells what changed, and finds what has stood still for too long.
    fn look<'a>(&mut self, stage: &Stage, placements: &'a [Placed]) -> Vec<&'a Placed> {
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
                    stage
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

async fn under_way(stage: &Stage, key: &Caller) -> Result<Vec<Placed>, Failure> {
    let mut watch = Watch::default();
    let expected = "every placement past pending_enrichment and ready";
    until(&stage.narrator, expected, TIMEOUT, async || {
        let placements = received_webhooks::placements(stage, key).await?;
        for placed in watch.look(stage, &placements) {
            if let Some(to) = next(&placed.status) {
                advance(stage, key, placed, to).await?;
            }
        }
        let waiting = placements
            .iter()
            .filter(|placed| next(&placed.status).is_some())
            .count();
        Ok(match waiting {
            0 => Look::Done(placements),
            _ => Look::NotYet(format!(
                "{waiting} of {} not under way yet",
                placements.len()
            )),
        })
    })
    .await
}

/// Where operations take a new placement.
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

async fn advance(stage: &Stage, key: &Caller, placed: &Placed, to: &str) -> Result<(), Failure> {
    let call = Call::post(format!("/v1/test/placements/{}/advance", placed.id))
        .by(key)
        .json(&json!({"to": to}))
        .says(format!("{} to {to}", placed.invoice))
        .shows(&["/status"]);
    let answer = stage.client.ask(call).await?;
    // The simulator may have been faster by a moment.
    if answer.refuses(409, "invalid_transition") {
        return Ok(());
    }
    answer.must_succeed().map(drop)
}

async fn pay(stage: &Stage, key: &Caller, placed: &Placed) -> Result<(), Failure> {
    let Placed {
        id,
        invoice,
        balance,
        ..
    } = placed;
    stage
        .narrator
        .says(&format!("The debtor of {invoice} pays in full."));
    let call = Call::post(format!("/v1/placements/{id}/payment-received"))
        .by(key)
        .header("Idempotency-Key", format!("demo-{}-payment", stage.suffix))
        .json(&json!({"amount": balance}))
        .says(format!("{balance} for {invoice}"))
        .shows(&["/amount", "/balance", "/status"]);
    let answer = stage.client.ask(call).await?.must_succeed()?;
    let (balance, status) = (answer.string("/balance")?, answer.string("/status")?);
    let paid = status == "paid" && balance == "0.00";
    let came = format!("{status}, balance {balance}");
    stage.check(paid, "nothing is owed any more", "paid, balance 0.00", came)?;
    silent(stage, key, id, "nobody calls a debtor who has paid").await
}

async fn recall(stage: &Stage, key: &Caller, placed: &Placed) -> Result<(), Failure> {
    let Placed { id, invoice, .. } = placed;
    stage
        .narrator
        .says(&format!("The creditor takes {invoice} back."));
    let call = Call::post(format!("/v1/placements/{id}/recall"))
        .by(key)
        .shows(&["/status"]);
    let status = stage
        .client
        .ask(call)
        .await?
        .must_succeed()?
        .string("/status")?;
    stage.check(status == "recalled", "it is recalled", "recalled", &status)?;
    silent(stage, key, id, "and outreach has stopped").await
}

async fn silent(stage: &Stage, key: &Caller, id: &str, what: &str) -> Result<(), Failure> {
    let call = Call::get(format!("/v1/placements/{id}")).by(key).shows(&[
        "/status",
        "/outreach_allowed",
        "/outreach_blocked_reason",
    ]);
    let allowed = stage
        .client
        .ask(call)
        .await?
        .must_be(200)?
        .truth("/outreach_allowed")?;
    stage.check(
        !allowed,
        what,
        "outreach_allowed false",
        "outreach_allowed true",
    )
}
