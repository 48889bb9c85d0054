//! The creditor's webhook: set while its receiver is down, and delivered when the receiver comes up.

use std::io::ErrorKind;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use tokio::net::TcpStream;

use super::onboarding::Account;
use super::received_webhooks::{self, Settled};
use crate::demo::context::Stage;
use crate::demo::failure::{Failure, Look, until};
use crate::demo::request::{Call, Caller};
use crate::demo::terminal_text::count;

/// The time limit for the first failed attempt. The attempt starts immediately, and loopback refuses it immediately.
const FAILURE_TIMEOUT: Duration = Duration::from_secs(8);

/// Chapter 3: sign in, set the URL, read the signing secret.
pub(in crate::demo) async fn point_at_the_receiver(
    stage: &Stage,
    account: &Account,
) -> Result<(), Failure> {
    stage
        .narrator
        .chapter("A webhook is set while its receiver is down");
    let refused = match TcpStream::connect(stage.receiver.address()).await {
        Ok(_) => "a connection".to_owned(),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => String::new(),
        Err(error) => error.to_string(),
    };
    let what = format!("nothing listens on {} yet", stage.receiver.address());
    stage.check(refused.is_empty(), &what, "connection refused", refused)?;
    let session = sign_in(stage, account).await?;
    set_url(stage, &session).await?;
    let call = Call::get("/v1/settings/webhook-secret")
        .by(&session)
        .shows(&["/secret"]);
    let secret = stage
        .client
        .ask(call)
        .await?
        .must_be(200)?
        .string("/secret")?;
    stage.receiver.trust(&secret);
    let shaped = secret.starts_with("whsec_");
    let what = "the receiver has the signing secret";
    stage.check(shaped, what, "whsec_ followed by base64", "something else")
}

async fn sign_in(stage: &Stage, account: &Account) -> Result<Caller, Failure> {
    let body = json!({"email": account.email, "password": account.password.expose_secret()});
    let call = Call::post("/v1/sessions")
        .json(&body)
        .says(format!("{}, password", account.email))
        .shows(&["/session_token", "/expires_at"]);
    let answer = stage.client.ask(call).await?.must_be(201)?;
    Ok(Caller::session(&answer.string("/session_token")?))
}

async fn set_url(stage: &Stage, session: &Caller) -> Result<(), Failure> {
    let url = stage.receiver.url();
    let call = Call::patch("/v1/settings")
        .by(session)
        .json(&json!({"webhook_url": url}))
        .says(format!("webhook_url {url}"))
        .shows(&["/webhook_url"]);
    let set = stage
        .client
        .ask(call)
        .await?
        .must_be(200)?
        .string("/webhook_url")?;
    stage.check(set == url, "events go to this URL", &url, &set)
}

/// Chapter 8: the API shows failed attempts, the receiver comes up, and all events arrive.
pub(in crate::demo) async fn receiver_comes_up(
    stage: &Stage,
    key: &Caller,
) -> Result<Settled, Failure> {
    stage.narrator.chapter("The receiver comes up");
    show_failed_attempts(stage, key).await?;
    stage.receiver.open()?;
    stage.narrator.happened(&format!(
        "the receiver now listens on {}",
        stage.receiver.address()
    ));
    let settled = received_webhooks::settle(stage, key).await?;
    received_webhooks::table(stage, &settled, 0);
    received_webhooks::verify(stage, &settled)?;
    Ok(settled)
}

async fn show_failed_attempts(stage: &Stage, key: &Caller) -> Result<(), Failure> {
    let expected = "a delivery with status failed and at least one attempt";
    let summary = until(&stage.narrator, expected, FAILURE_TIMEOUT, async || {
        let deliveries = received_webhooks::deliveries(stage, key).await?;
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
            Look::NotYet(text)
        } else {
            Look::Done(text)
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
    stage.client.ask(call).await?.must_be(200)?;
    stage.narrator.held(&summary);
    Ok(())
}
