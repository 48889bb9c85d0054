//! The setup checklist: company details and the state of the three gates.

use entities::gate;
use entities::ids::CreditorId;
use entities::queries::{self, creditors, onboarding};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract::{
    ApiError, BusinessAddress, CompanyView, SetupItem, SetupPatch, SetupView, stored_json,
};
use crate::creditor::{CreditorTransaction, Creditors, gates_from};
use crate::domain::gates::{Gate, Gates};

/// Company details as JSON in the creditor's row. The EIN is sealed in a column of its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Company {
    legal_name: Option<String>,
    industry: Option<String>,
    state_of_incorporation: Option<String>,
    business_address: Option<BusinessAddress>,
}

/// The setup checklist, for `GET /v1/creditors/me/setup`.
pub(crate) async fn company_profile_view(
    creditors: &Creditors,
    creditor: CreditorId,
) -> Result<SetupView, ApiError> {
    let db = creditors.env.db.reader();
    let row = creditors::by_id(db, creditor)
        .await?
        .ok_or(ApiError::not_found("creditor"))?;
    let gates = onboarding::gates(db, creditor).await?;
    Ok(checklist(
        &company_of(&row.company)?,
        row.ein_sealed.is_some(),
        &gates,
    ))
}

/// Changes company details, for `PATCH /v1/creditors/me/setup`.
///
/// # Errors
/// [`ApiError::SetupLocked`] once the business review has begun.
pub(crate) async fn update_company_profile(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    patch: SetupPatch,
) -> Result<SetupView, ApiError> {
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    if transaction.gates().state(Gate::KybVerified).is_some() {
        return Err(ApiError::SetupLocked);
    }
    let mut company = company_of(&transaction.creditor.company)?;
    let mut changed = Vec::new();
    if let Some(ein) = &patch.ein {
        let sealed = creditors
            .env
            .vault
            .seal(&ein_purpose(creditor), ein.expose_secret());
        transaction.creditor.ein_sealed = Some(sealed.map_err(|_| ApiError::Internal)?);
        changed.push("ein");
    }
    let mut set = |name, field: &mut Option<String>, value: Option<String>| {
        if value.is_some() {
            *field = value;
            changed.push(name);
        }
    };
    set("legal_name", &mut company.legal_name, patch.legal_name);
    set("industry", &mut company.industry, patch.industry);
    set(
        "state_of_incorporation",
        &mut company.state_of_incorporation,
        patch.state_of_incorporation,
    );
    if patch.business_address.is_some() {
        company.business_address = patch.business_address;
        changed.push("business_address");
    }
    transaction.creditor.company =
        serde_json::to_string(&company).map_err(|_| ApiError::Internal)?;
    transaction.audit("creditor.setup_updated", actor, json!({"fields": changed}));
    queries::save(&transaction.db, transaction.creditor.clone()).await?;
    let view = checklist(
        &company,
        transaction.creditor.ein_sealed.is_some(),
        &transaction.gates,
    );
    transaction.commit().await?;
    Ok(view)
}

fn ein_purpose(creditor: CreditorId) -> String {
    format!("ein:{creditor}")
}

/// # Errors
/// [`ApiError::Internal`] for details that cannot be read. A change would overwrite them.
fn company_of(stored: &str) -> Result<Company, ApiError> {
    stored_json::decode("creditor.company", stored)
}

fn checklist(company: &Company, ein_on_file: bool, rows: &[gate::Model]) -> SetupView {
    let gates = gates_from(rows.iter());
    // A review that has passed needs no details any more, and they can no longer be changed.
    let missing = match gates.passed(Gate::KybVerified) {
        true => Vec::new(),
        false => missing_details(company, ein_on_file),
    };
    let items = vec![
        item("company_details", missing),
        gate_item("business_verification", &gates, Gate::KybVerified),
        gate_item("payout_account", &gates, Gate::PayoutsEnabled),
        gate_item("agreement", &gates, Gate::MsaOnFile),
    ];
    let next_step = items
        .iter()
        .find(|item| !item.done)
        .map(|item| item.step.clone());
    let company = CompanyView {
        legal_name: company.legal_name.clone(),
        ein_on_file,
        industry: company.industry.clone(),
        state_of_incorporation: company.state_of_incorporation.clone(),
        business_address: company.business_address.clone(),
    };
    SetupView {
        next_step,
        items,
        company,
    }
}

fn missing_details(company: &Company, ein_on_file: bool) -> Vec<String> {
    [
        ("legal_name", company.legal_name.is_some()),
        ("ein", ein_on_file),
        ("industry", company.industry.is_some()),
        (
            "state_of_incorporation",
            company.state_of_incorporation.is_some(),
        ),
        ("business_address", company.business_address.is_some()),
    ]
    .into_iter()
    .filter(|(_, present)| !present)
    .map(|(name, _)| name.to_owned())
    .collect()
}

/// The page of an open step says what to do.
fn item(step: &str, missing: Vec<String>) -> SetupItem {
    let done = missing.is_empty();
    SetupItem {
        step: step.to_owned(),
        done,
        missing,
        url: (!done).then(|| format!("/docs#setup-{step}")),
    }
}

/// A step that a provider or an acceptance completes.
fn gate_item(step: &str, gates: &Gates, gate: Gate) -> SetupItem {
    let missing = if gates.passed(gate) {
        Vec::new()
    } else {
        vec![gate.as_str().to_owned()]
    };
    item(step, missing)
}
