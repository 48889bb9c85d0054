//! The Master Services Agreement: its current text and its acceptance.

use entities::agreement_acceptance;
use entities::ids::{AcceptanceId, CreditorId};
use entities::queries::{self, onboarding};
use serde_json::json;
use uuid::Uuid;

use super::provider_event::fact;
use crate::contract::{AcceptAgreement, AgreementView, ApiError};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::domain::date::rfc3339_ms;
use crate::domain::gates::{FactValue, Gate};

/// The version that a creditor has to accept.
pub(crate) const CURRENT_VERSION: &str = "2026-01";

const TEXT: &str = include_str!("agreement-2026-01.txt");

/// The current agreement, and whether the creditor has accepted an agreement.
pub(crate) async fn agreement_view(
    creditors: &Creditors,
    creditor: CreditorId,
) -> Result<AgreementView, ApiError> {
    let accepted = onboarding::last_acceptance(creditors.env.db.reader(), creditor).await?;
    Ok(AgreementView {
        version: CURRENT_VERSION.to_owned(),
        text: TEXT.to_owned(),
        accepted: accepted.is_some(),
        accepted_at: accepted.map(|row| rfc3339_ms(row.accepted_ms)),
    })
}

/// Accepts the agreement and passes its gate. Does nothing if the gate has already passed.
///
/// # Errors
/// A field error if `request` names another version.
pub(super) async fn accept(
    creditors: &Creditors,
    creditor: CreditorId,
    actor: &str,
    request: &AcceptAgreement,
) -> Result<(), ApiError> {
    if request.version != CURRENT_VERSION {
        let advice = format!("is not the current version: read and accept {CURRENT_VERSION}");
        return Err(ApiError::field(&["body", "version"], advice));
    }
    let mut transaction = CreditorTransaction::begin(creditors, creditor).await?;
    if transaction.gates().passed(Gate::MsaOnFile) {
        return Ok(());
    }
    let now_ms = transaction.outbox.updated_ms(creditor);
    let row = acceptance(creditor, &request.signatory_name, "dashboard", now_ms);
    queries::insert(&transaction.db, row).await?;
    let data = json!({"version": CURRENT_VERSION, "signatory_name": request.signatory_name});
    transaction.audit("creditor.agreement_accepted", actor, data);
    let fact = fact(FactValue::Passed, now_ms);
    transaction
        .apply_fact(Gate::MsaOnFile, &fact, "agreement")
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The row for an acceptance of the current agreement at `accepted_ms`, epoch milliseconds.
pub(super) fn acceptance(
    creditor: CreditorId,
    signatory: &str,
    source: &str,
    accepted_ms: i64,
) -> agreement_acceptance::Model {
    agreement_acceptance::Model {
        id: AcceptanceId(Uuid::now_v7()),
        creditor_id: creditor,
        version: CURRENT_VERSION.to_owned(),
        signatory_name: signatory.to_owned(),
        source: source.to_owned(),
        accepted_ms,
    }
}
