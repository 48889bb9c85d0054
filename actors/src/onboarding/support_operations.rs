//! Changes that support makes to an account: gates, status, tier, limits and links to providers.

use std::collections::BTreeSet;

use entities::ids::CreditorId;
use entities::queries::{self, onboarding};
use entities::{DbErr, Transaction};
use serde_json::{Value, json};

use super::provider_event::passed_or_open;
use super::provider_events::replay_account;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, CreditorPatch, Provider, stored_json};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::domain::account::AccountStatus;
use crate::domain::gates::{Fact, FactValue, Gate};

const LIMITS_COLUMN: &str = "creditor.limits_override";

/// Sets a gate. The new value overrides what providers reported before.
pub(super) async fn set_gate(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    gate: Gate,
    passed: bool,
    reason: &str,
) -> Result<(), ApiError> {
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    let value = passed_or_open(passed);
    repair(&mut transaction, actor, gate, value, reason).await?;
    transaction.commit().await?;
    Ok(())
}

async fn repair(
    transaction: &mut CreditorTransaction<'_>,
    actor: &str,
    gate: Gate,
    value: FactValue,
    reason: &str,
) -> Result<(), DbErr> {
    let known = transaction.gates().state(gate);
    let fact = Fact::by_support(known.as_ref(), value, transaction.outbox.now_ms());
    let data =
        json!({"gate": gate.as_str(), "passed": value == FactValue::Passed, "reason": reason});
    transaction.audit("creditor.gate_repaired", actor, data);
    transaction.apply_fact(gate, &fact, actor).await.map(|_| ())
}

/// Applies `PATCH /support/v1/creditors/{id}` in one transaction.
pub(super) async fn patch(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), ApiError> {
    if let Some(tier) = &patch.tier
        && creditors.env.settings.tiers.get(tier).is_none()
    {
        let known = creditors.env.settings.tiers.names().join(", ");
        return Err(ApiError::field(
            &["body", "tier"],
            format!("is not a tier: use one of {known}"),
        ));
    }
    if patch.status == Some(AccountStatus::PendingSignup) {
        let msg = "must be one of in_review, verified, rejected, suspended";
        return Err(ApiError::field(&["body", "status"], msg));
    }
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    lock_accounts(&transaction.db, creditor, patch).await?;
    link_stripe(&mut transaction, actor, patch).await?;
    set_status(&mut transaction, actor, patch).await?;
    set_limits(&mut transaction, actor, patch)?;
    queries::save(&transaction.db, transaction.creditor.clone()).await?;
    transaction.commit().await?;
    Ok(())
}

/// Locks the currently linked account and the requested one, in the order of their ids, so that two links of the same
/// accounts do not wait for each other. The creditor is already locked, as for provider events.
async fn lock_accounts(
    transaction: &Transaction,
    creditor: CreditorId,
    patch: &CreditorPatch,
) -> Result<(), ApiError> {
    let Some(wanted) = &patch.stripe_account_id else {
        return Ok(());
    };
    let stripe = Provider::Stripe;
    let linked = onboarding::linked_account(transaction, stripe, creditor).await?;
    let accounts: BTreeSet<&String> = linked.iter().chain(wanted).collect();
    for account in accounts {
        let owner = onboarding::lock_account(transaction, stripe, account).await?;
        if wanted.as_ref() == Some(account) && owner.is_some_and(|owner| owner != creditor) {
            let msg = "is linked to another creditor; unlink it there first, with null";
            return Err(ApiError::field(&["body", "stripe_account_id"], msg));
        }
    }
    Ok(())
}

async fn link_stripe(
    transaction: &mut CreditorTransaction<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), DbErr> {
    let Some(wanted) = &patch.stripe_account_id else {
        return Ok(());
    };
    let (provider, creditor) = (Provider::Stripe, transaction.creditor.id);
    let linked = onboarding::linked_account(&transaction.db, provider, creditor).await?;
    if linked == *wanted {
        return Ok(());
    }
    onboarding::unlink_accounts(&transaction.db, provider, creditor).await?;
    // Facts from the previous account do not apply to the new one.
    transaction
        .forget_gate(Gate::PayoutsEnabled, provider.as_str())
        .await?;
    let mut replayed = 0;
    if let Some(account) = wanted {
        onboarding::link_account(&transaction.db, provider, account, creditor).await?;
        replayed = replay_account(transaction, provider, account).await?;
    }
    let data = json!({
        "stripe_account_id": wanted,
        "previous": linked,
        "replayed_events": replayed,
        "reason": patch.reason,
    });
    transaction.audit("creditor.account_linked", actor, data);
    Ok(())
}

/// Sets the account status.
///
/// `suspended` suspends the account. Any other status lifts the suspension and, if the review gate says otherwise,
/// repairs that gate.
async fn set_status(
    transaction: &mut CreditorTransaction<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), DbErr> {
    let Some(status) = patch.status else {
        return Ok(());
    };
    let before = transaction.status();
    let now_ms = transaction.outbox.now_ms();
    transaction.creditor.suspended_at_ms = (status == AccountStatus::Suspended).then_some(now_ms);
    if transaction.status() != status {
        let value = match status {
            AccountStatus::Verified => FactValue::Passed,
            AccountStatus::Rejected => FactValue::Refused,
            _ => FactValue::Open,
        };
        repair(transaction, actor, Gate::KybVerified, value, &patch.reason).await?;
    }
    let data = json!({"from": before.as_str(), "to": transaction.status().as_str(), "reason": patch.reason});
    transaction.audit("creditor.status_set", actor, data);
    transaction.mark_changed(ChangeKind::Keys);
    Ok(())
}

fn set_limits(
    transaction: &mut CreditorTransaction<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), ApiError> {
    if let Some(tier) = &patch.tier {
        let data = json!({"from": transaction.creditor.tier, "to": tier, "reason": patch.reason});
        transaction.creditor.tier.clone_from(tier);
        transaction.audit("creditor.tier_set", actor, data);
        transaction.mark_changed(ChangeKind::Limits);
    }
    if let Some(limits) = &patch.limits {
        let encoded = limits
            .as_ref()
            .map(|limits| stored_json::encode(LIMITS_COLUMN, limits));
        let text = encoded.transpose()?;
        let before = std::mem::replace(&mut transaction.creditor.limits_override, text);
        // An override that cannot be read is replaced, and the audit log shows it as it was.
        let before = before.map(|text| {
            stored_json::decode::<Value>(LIMITS_COLUMN, &text).unwrap_or(Value::String(text))
        });
        let data = json!({"from": before, "to": limits, "reason": patch.reason});
        transaction.audit("creditor.limits_set", actor, data);
        transaction.mark_changed(ChangeKind::Limits);
    }
    Ok(())
}
