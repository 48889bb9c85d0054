//! What support changes on an account: gates, suspension, tier, limits, and links to providers.

use std::collections::BTreeSet;

use entities::ids::CreditorId;
use entities::queries::{creditors, onboarding};
use entities::{DbErr, Transaction};
use serde_json::{Value, json};

use super::provider_events::replay_account;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, CreditorPatch, DbResultExt as _, Provider};
use crate::creditor::{AccountFile, Creditors};
use crate::domain::account::AccountStatus;
use crate::domain::gates::{Fact, FactValue, Gate};

/// Sets a gate, whatever the providers said before.
pub(super) async fn set_gate(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    gate: Gate,
    passed: bool,
    reason: &str,
) -> Result<(), ApiError> {
    let file = AccountFile::open(creditors, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let value = if passed {
        FactValue::Passed
    } else {
        FactValue::Open
    };
    repair(&mut file, actor, gate, value, reason)
        .await
        .or_fault()?;
    file.close().await.or_fault()?;
    Ok(())
}

async fn repair(
    file: &mut AccountFile<'_>,
    actor: &str,
    gate: Gate,
    value: FactValue,
    reason: &str,
) -> Result<(), DbErr> {
    let known = file.gates().state(gate);
    let fact = Fact::by_support(known.as_ref(), value, file.journal.now_ms());
    let data =
        json!({"gate": gate.as_str(), "passed": value == FactValue::Passed, "reason": reason});
    file.audit("creditor.gate_repaired", actor, data);
    file.apply_fact(gate, &fact, actor).await.map(|_| ())
}

/// Applies `PATCH /support/v1/creditors/{id}`, all of it or nothing.
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
    let permit = creditors.permit().await?;
    let transaction = creditors.env.db.begin().await.or_fault()?;
    lock_accounts(&transaction, creditor, patch).await?;
    let file = AccountFile::open_in(creditors, permit, transaction, creditor)
        .await
        .or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    link_stripe(&mut file, actor, patch).await.or_fault()?;
    set_status(&mut file, actor, patch).await.or_fault()?;
    set_limits(&mut file, actor, patch);
    creditors::save(&file.transaction, file.creditor.clone())
        .await
        .or_fault()?;
    file.close().await.or_fault()?;
    Ok(())
}

/// Accounts are locked before creditors, as every event does: the one that is linked now and the
/// one that shall be, in the order of their names.
async fn lock_accounts(
    transaction: &Transaction,
    creditor: CreditorId,
    patch: &CreditorPatch,
) -> Result<(), ApiError> {
    let Some(wanted) = &patch.stripe_account_id else {
        return Ok(());
    };
    let stripe = Provider::Stripe.as_str();
    let linked = onboarding::linked_account(transaction, stripe, creditor)
        .await
        .or_fault()?;
    let accounts: BTreeSet<&String> = linked.iter().chain(wanted).collect();
    for account in accounts {
        let owner = onboarding::lock_account(transaction, stripe, account)
            .await
            .or_fault()?;
        if wanted.as_ref() == Some(account) && owner.is_some_and(|owner| owner != creditor) {
            let msg = "is linked to another creditor; unlink it there first, with null";
            return Err(ApiError::field(&["body", "stripe_account_id"], msg));
        }
    }
    Ok(())
}

async fn link_stripe(
    file: &mut AccountFile<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), DbErr> {
    let Some(wanted) = &patch.stripe_account_id else {
        return Ok(());
    };
    let (provider, creditor) = (Provider::Stripe, file.creditor.id);
    let linked = onboarding::linked_account(&file.transaction, provider.as_str(), creditor).await?;
    if linked == *wanted {
        return Ok(());
    }
    onboarding::unlink_accounts(&file.transaction, provider.as_str(), creditor).await?;
    // What another account's events said is no fact about this one.
    file.forget_gate(Gate::PayoutsEnabled, provider.as_str())
        .await?;
    let mut replayed = 0;
    if let Some(account) = wanted {
        onboarding::link_account(&file.transaction, provider.as_str(), account, creditor).await?;
        replayed = replay_account(file, provider, account).await?;
    }
    let data = json!({
        "stripe_account_id": wanted,
        "previous": linked,
        "replayed_events": replayed,
        "reason": patch.reason,
    });
    file.audit("creditor.account_linked", actor, data);
    Ok(())
}

/// `suspended` suspends; another status lifts the suspension and, where it differs from what the
/// review says, repairs its gate.
async fn set_status(
    file: &mut AccountFile<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), DbErr> {
    let Some(status) = patch.status else {
        return Ok(());
    };
    let before = file.status();
    let now_ms = file.journal.now_ms();
    file.creditor.suspended_at_ms = (status == AccountStatus::Suspended).then_some(now_ms);
    if file.status() != status {
        let value = match status {
            AccountStatus::Verified => FactValue::Passed,
            AccountStatus::Rejected => FactValue::Refused,
            _ => FactValue::Open,
        };
        repair(file, actor, Gate::KybVerified, value, &patch.reason).await?;
    }
    let data =
        json!({"from": before.as_str(), "to": file.status().as_str(), "reason": patch.reason});
    file.audit("creditor.status_set", actor, data);
    file.touch(ChangeKind::Keys);
    Ok(())
}

fn set_limits(file: &mut AccountFile<'_>, actor: &str, patch: &CreditorPatch) {
    if let Some(tier) = &patch.tier {
        let data = json!({"from": file.creditor.tier, "to": tier, "reason": patch.reason});
        file.creditor.tier.clone_from(tier);
        file.audit("creditor.tier_set", actor, data);
        file.touch(ChangeKind::Limits);
    }
    if let Some(limits) = &patch.limits {
        let text = limits
            .as_ref()
            .and_then(|limits| serde_json::to_string(limits).ok());
        let before = std::mem::replace(&mut file.creditor.limits_override, text);
        let before: Option<Value> = before.and_then(|text| serde_json::from_str(&text).ok());
        let data = json!({"from": before, "to": limits, "reason": patch.reason});
        file.audit("creditor.limits_set", actor, data);
        file.touch(ChangeKind::Limits);
    }
}
