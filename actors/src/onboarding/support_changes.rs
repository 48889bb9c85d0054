//! What support changes on an account: gates, suspension, tier, limits, and links to providers.

use entities::DbErr;
use entities::ids::CreditorId;
use entities::queries::{creditors, onboarding};
use serde_json::json;

use super::file::{AccountFile, Subject};
use super::gate_facts::replay_unlinked;
use crate::api::error::{ApiError, Provider};
use crate::api::fault::DbResultExt as _;
use crate::api::request::CreditorPatch;
use crate::domain::account::AccountStatus;
use crate::domain::gates::{Fact, FactValue, Gate};
use crate::house::House;

/// Sets a gate, whatever the providers said before.
pub(super) async fn set_gate(
    house: &House,
    creditor: CreditorId,
    actor: &str,
    gate: Gate,
    passed: bool,
    reason: &str,
) -> Result<(), ApiError> {
    let file = AccountFile::open(house, creditor).await.or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let value = if passed {
        FactValue::Passed
    } else {
        FactValue::Open
    };
    repair(&mut file, actor, gate, value, reason)
        .await
        .or_fault()?;
    file.close().await.or_fault()
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
    house: &House,
    creditor: CreditorId,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), ApiError> {
    if let Some(tier) = &patch.tier
        && house.settings.tiers.get(tier).is_none()
    {
        let known = house.settings.tiers.names().join(", ");
        return Err(ApiError::field(
            &["body", "tier"],
            format!("is not a tier: use one of {known}"),
        ));
    }
    let transaction = house.db.begin().await.or_fault()?;
    if let Some(account) = &patch.stripe_account_id {
        // Accounts are locked before creditors, as every event does.
        let owner = onboarding::lock_account(&transaction, Provider::Stripe.as_str(), account)
            .await
            .or_fault()?;
        if owner.is_some_and(|owner| owner != creditor) {
            let msg = "is linked to another creditor; unlink it there first";
            return Err(ApiError::field(&["body", "stripe_account_id"], msg));
        }
    }
    let file = AccountFile::open_in(house, transaction, creditor)
        .await
        .or_fault()?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    link_stripe(&mut file, actor, patch).await.or_fault()?;
    set_status(&mut file, actor, patch).await.or_fault()?;
    set_limits(&mut file, actor, patch);
    creditors::save(&file.transaction, file.creditor.clone())
        .await
        .or_fault()?;
    file.close().await.or_fault()
}

async fn link_stripe(
    file: &mut AccountFile<'_>,
    actor: &str,
    patch: &CreditorPatch,
) -> Result<(), DbErr> {
    let Some(account) = &patch.stripe_account_id else {
        return Ok(());
    };
    let (provider, creditor) = (Provider::Stripe, file.creditor.id);
    onboarding::unlink_accounts(&file.transaction, provider.as_str(), creditor).await?;
    onboarding::link_account(&file.transaction, provider.as_str(), account, creditor).await?;
    let replayed = replay_unlinked(file, provider, account).await?;
    let data =
        json!({"stripe_account_id": account, "replayed_events": replayed, "reason": patch.reason});
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
    file.touch(Subject::Keys);
    Ok(())
}

fn set_limits(file: &mut AccountFile<'_>, actor: &str, patch: &CreditorPatch) {
    if let Some(tier) = &patch.tier {
        let data = json!({"from": file.creditor.tier, "to": tier, "reason": patch.reason});
        file.creditor.tier.clone_from(tier);
        file.audit("creditor.tier_set", actor, data);
        file.touch(Subject::Limits);
    }
    if let Some(limits) = &patch.limits {
        file.creditor.limits_override = limits
            .as_ref()
            .and_then(|limits| serde_json::to_string(limits).ok());
        file.audit(
            "creditor.limits_set",
            actor,
            json!({"limits": limits, "reason": patch.reason}),
        );
        file.touch(Subject::Limits);
    }
}
