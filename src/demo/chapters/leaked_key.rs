//! A leaked key: what it cannot do, and how support replaces it without losing an event.

use serde_json::{Value, json};
use test_support::receiver::Arrival;

use super::onboarding::Account;
use super::placements;
use super::received_webhooks::{self, Settled};
use crate::demo::context::DemoContext;
use crate::demo::failure::Failure;
use crate::demo::request::{Call, Caller};
use crate::demo::response_check::plain;
use crate::demo::terminal_text::count;

/// Chapter 9. Returns the new key and all events received so far.
pub(in crate::demo) async fn rotate(
    context: &DemoContext,
    account: &Account,
    leaked: &Caller,
    before: &Settled,
) -> Result<(Caller, Settled), Failure> {
    context.narrator.chapter("A leaked key is replaced");
    context.says("Someone who found the key tries to redirect events, read the signing secret and create a new key:");
    try_privileged_calls(context, leaked).await?;
    let key = support_rotates(context, account, leaked).await?;
    let placed = placements::place_one_more(context, &key).await?;
    let after = received_webhooks::settle(context, &key).await?;
    received_webhooks::table(context, &after, before.events.len());
    let received = |kind: &str| after.events.iter().any(|event| event.event_type() == kind);
    let rotated = received("api_key.rotated");
    context.check(
        rotated,
        "api_key.rotated was received",
        "api_key.rotated",
        "no such event",
    )?;
    let created = after
        .events
        .iter()
        .any(|event| is_creation_of(event, &placed));
    let what = "placement.created of the new placement was received";
    context.check(
        created,
        what,
        format!("placement.created of {placed}"),
        "no such event",
    )?;
    received_webhooks::verify(context, &after)?;
    check_audit_log(context, account).await?;
    Ok((key, after))
}

fn is_creation_of(event: &Arrival, placement: &str) -> bool {
    event.event_type() == "placement.created" && event.field("placement_id") == Some(placement)
}

async fn try_privileged_calls(context: &DemoContext, leaked: &Caller) -> Result<(), Failure> {
    let redirect = Call::patch("/v1/settings")
        .by(leaked)
        .json(&json!({"webhook_url": "https://example.org/stolen"}))
        .says("webhook_url https://example.org/stolen");
    let read_secret = Call::get("/v1/settings/webhook-secret").by(leaked);
    let rotate = Call::post("/v1/settings/api-key/rotate").by(leaked);
    for call in [redirect, read_secret, rotate] {
        context
            .ask_refused(call, 403, "dashboard_session_required")
            .await?;
    }
    let call = Call::get("/v1/settings").by(leaked);
    let url = context.read(call).await?.string("/webhook_url")?;
    let unchanged = url == context.receiver.url();
    let what = "the leaked key can do none of this: it requires a signed-in dashboard user";
    context.check(unchanged, what, context.receiver.url(), url)
}

async fn support_rotates(
    context: &DemoContext,
    account: &Account,
    leaked: &Caller,
) -> Result<Caller, Failure> {
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    let body = json!({"reason": "demo: key found in a public repository", "overlap_hours": 0});
    let call = Call::post(path)
        .by(&context.support)
        .json(&body)
        .says("overlap_hours 0")
        .shows(&["/api_key", "/prefix"]);
    let answer = context.ask(call, 201).await?;
    let key = Caller::key(&answer.string("/api_key")?);
    let settings = |caller| {
        Call::get("/v1/settings")
            .by(caller)
            .shows(&["/name", "/api_key_prefix"])
    };
    context
        .ask_refused(settings(leaked), 401, "revoked_api_key")
        .await?;
    context.held("the leaked key is refused from the next request on");
    let shown = context
        .ask(settings(&key), 200)
        .await?
        .string("/api_key_prefix")?;
    let prefix = answer.string("/prefix")?;
    context.check(shown == prefix, "the new key works", prefix, &shown)?;
    Ok(key)
}

async fn check_audit_log(context: &DemoContext, account: &Account) -> Result<(), Failure> {
    let action = "creditor.api_key_issued";
    let path = format!(
        "/support/v1/audit?creditor_id={}&action={action}",
        account.id
    );
    let call = Call::get(path).by(&context.support);
    let answer = context.ask(call, 200).await?;
    let events = answer.list("/events")?;
    for event in &events {
        let text = |name| plain(event.get(name).unwrap_or(&Value::Null));
        context
            .narrator
            .happened(&format!("{}  {action}  by {}", text("at"), text("actor")));
    }
    let what = "the audit log has both events: the automatic issue and the rotation";
    let came = count(events.len(), "event");
    context.check(
        events.len() >= 2,
        what,
        format!("two {action} events"),
        came,
    )
}
