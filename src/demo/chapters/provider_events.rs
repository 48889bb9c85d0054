//! Onboarding events from three providers: one repeated, one forged. After the last one the key is issued
//! automatically.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::onboarding::{Account, list, quiet_status, status};
use crate::demo::context::DemoContext;
use crate::demo::failure::{Failure, Poll, until};
use crate::demo::providers::{self, ProviderEvent};
use crate::demo::random;
use crate::demo::request::Call;
use crate::demo::response_check::{Answer, plain};

/// The time limit for issuing the key, which takes one transaction after the last event.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Chapter 4: three signed provider events pass the gates, and the key is issued automatically.
pub(in crate::demo) async fn arrive(
    context: &DemoContext,
    account: &Account,
) -> Result<(), Failure> {
    context.narrator.chapter("Three providers report");
    let stripe_account = format!("acct_{}", random::hex(8));
    link_stripe(context, account, &stripe_account).await?;
    send_payouts_event_twice(context, account, &stripe_account).await?;
    send_forged_then_genuine_review(context, account).await?;
    let now_ms = context.clock.now_ms();
    let secret = context.keys.docusign.expose_secret();
    let signed = providers::docusign_completed(secret, &account.id, now_ms);
    deliver_and_apply(context, &signed).await?;
    wait_until_issued(context, account).await
}

async fn link_stripe(
    context: &DemoContext,
    account: &Account,
    stripe: &str,
) -> Result<(), Failure> {
    let body = json!({"stripe_account_id": stripe, "reason": "demo: link the payout account"});
    let call = Call::patch(format!("/support/v1/creditors/{}", account.id))
        .by(&context.support)
        .json(&body)
        .says(format!("stripe_account_id {stripe}"))
        .shows(&["/stripe_account_id"]);
    let answer = context.ask(call, 200).await?;
    let linked = answer.string("/stripe_account_id")?;
    context.check(
        linked == stripe,
        "support linked the Stripe account",
        stripe,
        &linked,
    )
}

async fn send_payouts_event_twice(
    context: &DemoContext,
    account: &Account,
    stripe: &str,
) -> Result<(), Failure> {
    let secret = context.keys.stripe.expose_secret();
    let event = providers::stripe_payouts_enabled(secret, stripe, context.clock.now_ms());
    deliver_and_apply(context, &event).await?;
    let before = status(context, account).await?;
    let pending = list(&before.list("/pending")?);
    let passed = !pending.contains("payouts_enabled");
    let what = "the gate payouts_enabled passes after Stripe's account.updated";
    context.check(passed, what, "payouts_enabled not pending", pending)?;
    context.says("Providers deliver events at least once. Stripe sends the same event again:");
    let outcome = deliver(context, &event)
        .await?
        .must_be(200)?
        .string("/outcome")?;
    let after = quiet_status(context, account).await?;
    let (before, after) = (before.at("/gates")?, after.at("/gates")?);
    let unchanged = outcome == "no_effect" && before == after;
    let what = "the repeated event is accepted and changes nothing";
    context.check(
        unchanged,
        what,
        before.to_string(),
        format!("{outcome}, {after}"),
    )
}

async fn send_forged_then_genuine_review(
    context: &DemoContext,
    account: &Account,
) -> Result<(), Failure> {
    let now_ms = context.clock.now_ms();
    let forged = providers::middesk_approved("not the secret", &account.id, now_ms);
    context.says("Someone without Middesk's secret tries to approve the account:");
    deliver(context, &forged)
        .await?
        .must_refuse(403, "invalid_signature")?;
    let pending = list(&quiet_status(context, account).await?.list("/pending")?);
    let unchanged = pending.contains("kyb_verified");
    let what = "the forged event is refused and has no effect";
    context.check(unchanged, what, "kyb_verified still pending", &pending)?;
    let secret = context.keys.middesk.expose_secret();
    let real = providers::middesk_approved(secret, &account.id, now_ms);
    deliver_and_apply(context, &real).await?;
    let answer = status(context, account).await?;
    let pending = list(&answer.list("/pending")?);
    let early = answer.truth("/api_key/issued")?;
    let what = "two gates have passed, one is pending and there is no key yet";
    context.check(
        !early && pending == "msa_on_file",
        what,
        "pending msa_on_file, no key",
        pending,
    )
}

async fn wait_until_issued(context: &DemoContext, account: &Account) -> Result<(), Failure> {
    until(
        &context.narrator,
        "the key is issued",
        ISSUE_TIMEOUT,
        async || {
            let answer = quiet_status(context, account).await?;
            Ok(match answer.truth("/api_key/issued")? {
                true => Poll::Done(()),
                false => Poll::NotYet(format!(
                    "no key yet; pending {}",
                    plain(answer.at("/pending")?)
                )),
            })
        },
    )
    .await?;
    let answer = status(context, account).await?;
    let account_status = answer.string("/status")?;
    context.check(
        account_status == "verified",
        "the account is verified",
        "verified",
        &account_status,
    )?;
    let revealed = answer.truth("/api_key/revealed")?;
    let what =
        "the key was issued automatically when the last gate passed; it has not been revealed yet";
    context.check(!revealed, what, "revealed false", "revealed true")
}

async fn deliver(context: &DemoContext, event: &ProviderEvent) -> Result<Answer, Failure> {
    context.client.ask(event.call()).await
}

/// Delivers an event and requires the outcome `applied`.
async fn deliver_and_apply(context: &DemoContext, event: &ProviderEvent) -> Result<(), Failure> {
    let outcome = deliver(context, event)
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
