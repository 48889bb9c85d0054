//! The onboarding status: conversion of rows to the domain's gates and to views.

use entities::api_key::{self, KeyScope, KeyState};
use entities::ids::CreditorId;
use entities::queries::{creditors, keys, onboarding};
use entities::{creditor, gate};

use crate::contract::{ApiError, GateStatus, KeyStatus, OnboardingStatus};
use crate::domain::account::{AccountStatus, account_status};
use crate::domain::date::rfc3339_ms;
use crate::domain::gates::{FactState, Gate, Gates};
use crate::infra::Env;

/// Converts a creditor's rows to the domain's gates.
pub(crate) fn gates_from<'a>(rows: impl Iterator<Item = &'a gate::Model>) -> Gates {
    rows.fold(Gates::default(), |gates, row| {
        match (Gate::parse(&row.gate), u8::try_from(row.seen)) {
            (Some(gate), Ok(seen)) => gates.with(
                gate,
                FactState {
                    at_ms: row.fact_at_ms,
                    seen,
                },
            ),
            // A gate that this version does not know has no effect.
            _ => gates,
        }
    })
}

/// The status of a creditor's account. It depends on the gate `kyb_verified` and on a suspension by support.
pub(crate) fn account_status_of<'a>(
    creditor: &creditor::Model,
    gates: impl Iterator<Item = &'a gate::Model>,
) -> AccountStatus {
    account_status(
        gates_from(gates).state(Gate::KybVerified),
        creditor.suspended_at_ms.is_some(),
    )
}

/// The views of all gates, in order.
pub(crate) fn gate_statuses(rows: &[gate::Model]) -> Vec<GateStatus> {
    let gates = gates_from(rows.iter());
    Gate::ALL
        .into_iter()
        .map(|gate| GateStatus {
            gate: gate.as_str().to_owned(),
            passed: gates.passed(gate),
            unconfirmed: gates.unconfirmed(gate),
            changed_at: rows
                .iter()
                .find(|row| row.gate == gate.as_str())
                .map(|row| rfc3339_ms(row.changed_ms)),
        })
        .collect()
}

/// The current full-access key among a creditor's keys.
pub(crate) fn current_key(keys: &[api_key::Model]) -> Option<&api_key::Model> {
    keys.iter()
        .find(|key| key.state == KeyState::Current && key.scope == KeyScope::ReadWrite)
}

/// The view of a creditor's current full-access key.
pub(crate) fn key_status(keys: &[api_key::Model]) -> KeyStatus {
    let current = current_key(keys);
    KeyStatus {
        issued: current.is_some(),
        prefix: current.map(|key| key.prefix.clone()),
        revealed: current.is_some_and(|key| key.secret_hash.is_some()),
        issued_at: current.map(|key| rfc3339_ms(key.created_ms)),
    }
}

/// `GET /v1/creditors/me/status`.
pub(crate) async fn onboarding_status(
    env: &Env,
    creditor: CreditorId,
) -> Result<OnboardingStatus, ApiError> {
    let db = env.db.reader();
    let row = creditors::by_id(db, creditor)
        .await?
        .ok_or(ApiError::not_found("creditor"))?;
    let gates = onboarding::gates(db, creditor).await?;
    let keys = keys::of_creditor(db, creditor).await?;
    let pending = gates_from(gates.iter()).pending();
    Ok(OnboardingStatus {
        status: account_status_of(&row, gates.iter()).as_str().to_owned(),
        gates: gate_statuses(&gates),
        pending: pending
            .into_iter()
            .map(|gate| gate.as_str().to_owned())
            .collect(),
        api_key: key_status(&keys),
    })
}
