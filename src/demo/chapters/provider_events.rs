//! Onboarding events from three providers: one repeated, one forged. After the last one the key is issued
//! automatically.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::onboarding::{Account, list, quiet_status, status};
use crate::demo::context::Stage;
use crate::demo::failure::{Failure, Look, until};
use crate::demo::providers::{self, ProviderEvent};
use crate::demo::random;
use crate::demo::request::Call;
use crate::demo::response_check::{Answer, plain};

/// The time limit for issuing the key, which takes one transaction after the last event.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Chapter 4: three signed provider events pass the gates, and the key is issued automatically.
pub(in crate::demo) async fn arrive(stage: &Stage, account: &Account) -> Result<(), Failure> {
    stage.narrator.chapter("Three providers report");
    let stripe_account = format!("acct_{}", random::hex(8));
    link_stripe(stage, account, &stripe_account).await?;
    send_payouts_event_twice(stage, account, &stripe_account).await?;
    send_forged_then_genuine_review(stage, account).await?;
    let now_ms = stage.clock.now_ms();
    let secret = stage.keys.docusign.expose_secret();
    let signed = providers::docusign_completed(secret, &account.id, now_ms);
    deliver_and_apply(stage, &signed).await?;
    wait_until_issued(stage, account).await
}

async fn link_stripe(stage: &Stage, account: &Account, stripe: &str) -> Result<(), Failure> {
    let body = json!({"stripe_account_id": stripe, "reason": "demo: link the payout account"});
    let call = Call::patch(format!("/support/v1/creditors/{}", account.id))
        .by(&stage.support)
        .json(&body)
        .says(format!("stripe_account_id {stripe}"))
        .shows(&["/stripe_account_id"]);
    let answer = stage.client.ask(call).await?.must_be(200)?;
    let linked = answer.string("/stripe_account_id")?;
    stage.check(
        linked == stripe,
        "support linked the Stripe account",
        stripe,
        &linked,
    )
}

async fn send_payouts_event_twice(
    stage: &Stage,
    account: &Account,
    stripe: &str,
) -> Result<(), Failure> {
    let secret = stage.keys.stripe.expose_secret();
    let event = providers::stripe_payouts_enabled(secret, stripe, stage.clock.now_ms());
    deliver_and_apply(stage, &event).await?;
    let before = status(stage, account).await?;
    let pending = list(before.list("/pending")?);
    let passed = !pending.contains("payouts_enabled");
    let what = "the gate payouts_enabled passes after Stripe's account.updated";
    stage.check(passed, what, "payouts_enabled not pending", pending)?;
    stage
        .narrator
        .says("Providers deliver events at least once. Stripe sends the same event again:");
    let outcome = deliver(stage, &event)
        .await?
        .must_be(200)?
        .string("/outcome")?;
    let after = quiet_status(stage, account).await?;
    let (before, after) = (before.at("/gates")?, after.at("/gates")?);
    let unchanged = outcome == "no_effect" && before == after;
    let what = "the repeated event is accepted and changes nothing";
    stage.check(
        unchanged,
        what,
        before.to_string(),
        format!("{outcome}, {after}"),
    )
}

async fn send_forged_then_genuine_review(stage: &Stage, account: &Account) -> Result<(), Failure> {
    let now_ms = stage.clock.now_ms();
    let forged = providers::middesk_approved("not the secret", &account.id, now_ms);
    stage
        .narrator
        .says("Someone without Middesk's secret tries to approve the account:");
    deliver(stage, &forged)
        .await?
        .must_refuse(403, "invalid_signature")?;
    let pending = list(quiet_status(stage, account).await?.list("/pending")?);
    let unchanged = pending.contains("kyb_verified");
    let what = "the forged event is refused and has no effect";
    stage.check(unchanged, what, "kyb_verified still pending", &pending)?;
    let secret = stage.keys.middesk.expose_secret();
    let real = providers::middesk_approved(secret, &account.id, now_ms);
    deliver_and_apply(stage, &real).await?;
    let answer = status(stage, account).await?;
    let pending = list(answer.list("/pending")?);
    let early = answer.truth("/api_key/issued")?;
    let what = "two gates have passed, one is pending and there is no key yet";
    stage.check(
        !early && pending == "msa_on_file",
        what,
        "pending msa_on_file, no key",
        pending,
    )
}

async fn wait_until_issued(stage: &Stage, account: &Account) -> Result<(), Failure> {
    until(
        &stage.narrator,
        "the key is issued",
        ISSUE_TIMEOUT,
        async || {
            let answer = quiet_status(stage, account).await?;
            Ok(match answer.truth("/api_key/issued")? {
                true => Look::Done(()),
                false => Look::NotYet(format!(
                    "no key yet; pending {}",
                    plain(answer.at("/pending")?)
                )),
            })
        },
    )
    .await?;
    let answer = status(stage, account).await?;
    let account_status = answer.string("/status")?;
    stage.check(
        account_status == "verified",
        "the account is verified",
        "verified",
        &account_status,
    )?;
    let revealed = answer.truth("/api_key/revealed")?;
    let what =
        "the key was issued automatically when the last gate passed; it has not been revealed yet";
    stage.check(!revealed, what, "revealed false", "revealed true")
}

async fn deliver(stage: &Stage, event: &ProviderEvent) -> Result<Answer, Failure> {
    stage.client.ask(event.call()).await
}

/// Delivers an event and requires the outcome `applied`.
async fn deliver_and_apply(stage: &Stage, event: &ProviderEvent) -> Result<(), Failure> {
    let outcome = deliver(stage, event)
        .await?
        .must_be(200)?
        .string("/outcome")?;
    if outcome == "applied" {
        return Ok(());
    }
    Err(Failure::new(
        "the provider event is applied",
        "outcome applied",
        outcome,
    ))
}
