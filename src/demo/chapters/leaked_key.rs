//! A leaked key: what it cannot do, and how it is replaced with nothing missed.

use serde_json::{Value, json};

use super::onboarding::Account;
use super::placements;
use super::received_webhooks::{self, Settled};
use crate::demo::context::Stage;
use crate::demo::failure::Failure;
use crate::demo::receiver::Event;
use crate::demo::request::{Call, Caller};
use crate::demo::response_check::plain;
use crate::demo::terminal_text::count;

/// Chapter 9: answers with the new key, and everything that has arrived by then.
pub(in crate::demo) async fn rotate(
    stage: &Stage,
    account: &Account,
    leaked: &Caller,
    before: &Settled,
) -> Result<(Caller, Settled), Failure> {
    stage.narrator.chapter("A leaked key is replaced");
    stage
        .narrator
        .says("Whoever found the key tries to redirect the events, to read the secret that signs them, and to mint a key:");
    cannot_help_itself(stage, leaked).await?;
    let key = support_rotates(stage, account, leaked).await?;
    let placed = placements::place_one_more(stage, &key).await?;
    let after = received_webhooks::settle(stage, &key).await?;
    received_webhooks::table(stage, &after, before.events.len());
    let said = |kind: &str| after.events.iter().any(|event| event.kind == kind);
    let rotated = said("api_key.rotated");
    stage.check(
        rotated,
        "api_key.rotated arrived",
        "api_key.rotated",
        "no such event",
    )?;
    let created = after
        .events
        .iter()
        .any(|event| is_creation_of(event, &placed));
    let what = "placement.created of the new placement arrived";
    stage.check(
        created,
        what,
        format!("placement.created of {placed}"),
        "no such event",
    )?;
    received_webhooks::verify(stage, &after)?;
    audited(stage, account).await?;
    Ok((key, after))
}

fn is_creation_of(event: &Event, placement: &str) -> bool {
    event.kind == "placement.created" && event.field("placement_id") == Some(placement)
}

async fn cannot_help_itself(stage: &Stage, leaked: &Caller) -> Result<(), Failure> {
    let redirect = Call::patch("/v1/settings")
        .by(leaked)
        .json(&json!({"webhook_url": "https://example.org/stolen"}))
        .says("webhook_url https://example.org/stolen");
    let spy = Call::get("/v1/settings/webhook-secret").by(leaked);
    let rotate = Call::post("/v1/settings/api-key/rotate").by(leaked);
    for call in [redirect, spy, rotate] {
        stage
            .client
            .ask(call)
            .await?
            .must_refuse(403, "dashboard_session_required")?;
    }
    let call = Call::get("/v1/settings").by(leaked);
    let url = stage
        .client
        .quietly(call)
        .await?
        .must_be(200)?
        .string("/webhook_url")?;
    let unmoved = url == stage.receiver.url();
    let what = "a leaked key cannot help itself: all of that needs a person who is signed in";
    stage.check(unmoved, what, stage.receiver.url(), url)
}

async fn support_rotates(
    stage: &Stage,
    account: &Account,
    leaked: &Caller,
) -> Result<Caller, Failure> {
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    let body = json!({"reason": "demo: key found in a public repository", "overlap_hours": 0});
    let call = Call::post(path)
        .by(&stage.support)
        .json(&body)
        .says("overlap_hours 0")
        .shows(&["/api_key", "/prefix"]);
    let answer = stage.client.ask(call).await?.must_be(201)?;
    let key = Caller::key(&answer.string("/api_key")?);
    let whoami = |caller| {
        Call::get("/v1/settings")
            .by(caller)
            .shows(&["/name", "/api_key_prefix"])
    };
    stage
        .client
        .ask(whoami(leaked))
        .await?
        .must_refuse(401, "revoked_api_key")?;
    stage
        .narrator
        .held("the leaked key is dead from the next request on");
    let shown = stage
        .client
        .ask(whoami(&key))
        .await?
        .must_be(200)?
        .string("/api_key_prefix")?;
    let prefix = answer.string("/prefix")?;
    stage.check(shown == prefix, "the new key works", prefix, &shown)?;
    Ok(key)
}

async fn audited(stage: &Stage, account: &Account) -> Result<(), Failure> {
    let action = "creditor.api_key_issued";
    let path = format!(
        "/support/v1/audit?creditor_id={}&action={action}",
        account.id
    );
    let call = Call::get(path).by(&stage.support);
    let answer = stage.client.ask(call).await?.must_be(200)?;
    let events = answer.list("/events")?;
    for event in events {
        let text = |name| plain(event.get(name).unwrap_or(&Value::Null));
        stage
            .narrator
            .happened(&format!("{}  {action}  by {}", text("at"), text("actor")));
    }
    let what = "the audit log has both: the key issued by itself, and the rotation";
    let came = count(events.len(), "event");
    stage.check(
        events.len() >= 2,
        what,
        format!("two {action} events"),
        came,
    )
}
