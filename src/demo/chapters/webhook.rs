//! The creditor's webhook: set while its receiver is down, and delivered when the receiver comes up.

use std::io::ErrorKind;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use tokio::net::TcpStream;

use super::onboarding::Account;
use super::received_webhooks::{self, Settled};
use crate::demo::context::DemoContext;
use crate::demo::failure::{Failure, Poll, until};
use crate::demo::request::{Call, Caller};
use crate::demo::terminal_text::count;

/// The time limit for the first failed attempt. The attempt starts immediately, and loopback refuses it immediately.
const FAILURE_TIMEOUT: Duration = Duration::from_secs(8);

/// Chapter 3: sign in, set the URL, read the signing secret.
pub(in crate::demo) async fn point_at_the_receiver(
    context: &DemoContext,
    account: &Account,
) -> Result<(), Failure> {
    context
        .narrator
        .chapter("A webhook is set while its receiver is down");
    let refused = match TcpStream::connect(context.receiver.address()).await {
        Ok(_) => "a connection".to_owned(),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => String::new(),
        Err(error) => error.to_string(),
    };
    let what = format!("nothing listens on {} yet", context.receiver.address());
    context.check(refused.is_empty(), &what, "connection refused", refused)?;
    let session = sign_in(context, account).await?;
    set_url(context, &session).await?;
    let call = Call::get("/v1/settings/webhook-secret")
        .by(&session)
        .shows(&["/secret"]);
    let secret = context.ask(call, 200).await?.string("/secret")?;
    context.receiver.trust(&secret)?;
    let shaped = secret.starts_with("whsec_");
    let what = "the receiver has the signing secret";
    context.check(shaped, what, "whsec_ followed by base64", "something else")
}

async fn sign_in(context: &DemoContext, account: &Account) -> Result<Caller, Failure> {
    let body = json!({"email": account.email, "password": account.password.expose_secret()});
    let call = Call::post("/v1/sessions")
        .json(&body)
        .says(format!("{}, password", account.email))
        .shows(&["/session_token", "/expires_at"]);
    let answer = context.ask(call, 201).await?;
    Ok(Caller::session(&answer.string("/session_token")?))
}

async fn set_url(context: &DemoContext, session: &Caller) -> Result<(), Failure> {
    let url = context.receiver.url();
    let call = Call::patch("/v1/settings")
        .by(session)
        .json(&json!({"webhook_url": url}))
        .says(format!("webhook_url {url}"))
        .shows(&["/webhook_url"]);
    let set = context.ask(call, 200).await?.string("/webhook_url")?;
    context.check(set == url, "events go to this URL", url, &set)
}

/// Chapter 8: the API shows failed attempts, the receiver comes up, and all events arrive.
pub(in crate::demo) async fn receiver_comes_up(
    context: &DemoContext,
    key: &Caller,
) -> Result<Settled, Failure> {
    context.narrator.chapter("The receiver comes up");
    show_failed_attempts(context, key).await?;
    context.receiver.open()?;
    context.narrator.happened(&format!(
        "the receiver now listens on {}",
        context.receiver.address()
    ));
    let settled = received_webhooks::settle(context, key).await?;
    received_webhooks::table(context, &settled, 0);
    received_webhooks::verify(context, &settled)?;
    Ok(settled)
}

async fn show_failed_attempts(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    let expected = "a delivery with status failed and at least one attempt";
    let summary = until(&context.narrator, expected, FAILURE_TIMEOUT, async || {
        let deliveries = received_webhooks::deliveries(context, key).await?;
        let failed = deliveries
            .iter()
            .filter(|row| row.status == "failed" && row.attempts > 0);
        let failed: Vec<_> = failed.map(|row| row.attempts).collect();
        let text = format!(
            "{} waiting; {} failed so far and will be retried (up to {})",
            count(deliveries.len(), "event"),
            failed.len(),
            count(failed.iter().copied().max().unwrap_or(0), "attempt"),
        );
        Ok(if failed.is_empty() {
            Poll::NotYet(text)
        } else {
            Poll::Done(text)
        })
    })
    .await?;
    let call = Call::get("/v1/settings/webhook-deliveries?status=failed&limit=1")
        .by(key)
        .shows(&[
            "/total",
            "/items/0/event",
            "/items/0/attempts",
            "/items/0/next_attempt_at",
        ]);
    context.ask(call, 200).await?;
    context.held(&summary);
    Ok(())
}
