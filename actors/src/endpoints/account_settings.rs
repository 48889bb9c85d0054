//! The account settings: their view and the transaction that changes them.

use entities::ids::CreditorId;
use entities::queries::{self, creditors, keys, onboarding, webhooks};
use serde_json::json;

use super::change::{FieldNames, ValidatedChange, new_endpoint};
use super::crud::{insert, save_changed};
use super::view::shown_url;
use crate::contract::{ApiError, EndpointChange, SettingsPatch, SettingsView, stored_json};
use crate::creditor::{CreditorTransaction, Creditors, account_status_of, gates_from};
use crate::domain::api_key::{KeyPrefix, mask};
use crate::domain::date::rfc3339_ms;
use crate::domain::gates::Gate;
use crate::domain::placement::outreach;

/// The settings of a creditor, for `GET /v1/settings`.
pub(crate) async fn settings_view(
    creditors: &Creditors,
    id: CreditorId,
) -> Result<SettingsView, ApiError> {
    let db = creditors.env.db.reader();
    let row = creditors::by_id(db, id)
        .await?
        .ok_or(ApiError::not_found("creditor"))?;
    let gate_rows = onboarding::gates(db, id).await?;
    let key = keys::current(db, id).await?;
    let ids: Vec<_> = key.iter().map(|key| key.id).collect();
    let last = keys::last_uses(db, &ids).await?.pop();
    let endpoint = webhooks::primary(db, id).await?;
    let endpoint = endpoint.filter(|endpoint| shown_url(endpoint).is_some());
    let gates = gates_from(gate_rows.iter());
    let status = account_status_of(&row, gate_rows.iter());
    let blocked = outreach::account_reason(status);
    let prefix = key.as_ref().map(|key| key.prefix.clone());
    let masked = prefix
        .as_deref()
        .and_then(|prefix| KeyPrefix::parse(prefix).ok())
        .map(|prefix| mask(&prefix));
    Ok(SettingsView {
        id: id.0,
        name: row.name,
        status: status.as_str().to_owned(),
        kyb_cleared: gates.passed(Gate::KybVerified),
        payouts_enabled: gates.passed(Gate::PayoutsEnabled),
        msa_accepted: gates.passed(Gate::MsaOnFile),
        api_key_prefix: prefix,
        api_key: masked,
        outreach_ready: blocked.is_none(),
        outreach_blocked_reason: blocked.map(str::to_owned),
        posture_default: row.posture_default.as_str().to_owned(),
        webhook_url: endpoint.as_ref().and_then(shown_url),
        webhook_state: endpoint.as_ref().map(|endpoint| endpoint.state.as_str()),
        webhook_state_reason: endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.state_reason.clone()),
        webhook_events: stored_json::decode_nullable(
            "webhook_endpoint.events",
            endpoint.and_then(|endpoint| endpoint.events).as_deref(),
        )?,
        tier: row.tier,
        api_key_last_used_at: last.as_ref().map(|usage| rfc3339_ms(usage.last_used_ms)),
        api_key_last_used_from: last.map(|usage| usage.address),
    })
}

const FIELDS: FieldNames = FieldNames {
    url: "webhook_url",
    events: "webhook_events",
};

/// Applies a patch in one transaction. The URL is checked before the transaction begins.
pub(crate) async fn update_settings(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    patch: SettingsPatch,
) -> Result<(), ApiError> {
    let is_removed = patch.webhook_url == Some(None);
    let changes_webhook = patch.webhook_url.is_some() || patch.webhook_events.is_some();
    let change = EndpointChange {
        url: patch.webhook_url.flatten(),
        events: patch.webhook_events,
        ..EndpointChange::default()
    };
    let mut change = ValidatedChange::check(creditors, change, FIELDS).await?;
    if is_removed {
        change.url = Some(None);
    }
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    if let Some(posture) = patch.posture_default {
        let data =
            json!({"from": transaction.creditor.posture_default.as_str(), "to": posture.as_str()});
        transaction.creditor.posture_default = posture.into();
        transaction.audit("settings.posture_default_changed", actor, data);
        queries::save(&transaction.db, transaction.creditor.clone()).await?;
    }
    if changes_webhook {
        change_primary(creditors, &mut transaction, change, actor).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Changes the primary endpoint, which the field `webhook_url` configures. Its first URL creates it. Removing the URL
/// disables it, and its pending deliveries are cancelled when they become due.
async fn change_primary(
    creditors: &Creditors,
    transaction: &mut CreditorTransaction<'_>,
    change: ValidatedChange,
    actor: &str,
) -> Result<(), ApiError> {
    let known = webhooks::primary(&transaction.db, transaction.creditor.id).await?;
    match (known, change.url.clone()) {
        (Some(mut row), _) => {
            change.apply(creditors, &mut row)?;
            save_changed(transaction, row, actor).await
        }
        (None, Some(Some(url))) => {
            let mut row = new_endpoint(transaction, url, true);
            change.apply(creditors, &mut row)?;
            insert(creditors, transaction, row, actor).await
        }
        (None, Some(None)) => Ok(()),
        (None, None) => Err(ApiError::field(
            &["body", "webhook_events"],
            "set webhook_url first",
        )),
    }
}
