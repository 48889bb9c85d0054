//! The command executor: changes a placement by the pure rules and appends the history, audit and event rows of each
//! change.
//!
//! It works on one batch in memory. It never accesses the database.

use entities::dispute::DisputeStatus;
use entities::ids::{HistoryId, PlacementId};
use entities::queries::fold_case;
use entities::{placement, placement_history};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::command::{Command, CommandOutcome};
use super::views::placement_view;
use super::working_set::WorkingSet;
use crate::contract::ApiError;
use crate::domain::account::AccountStatus;
use crate::domain::money::Cents;
use crate::domain::placement::action::Action;
use crate::domain::placement::draft::{NewPlacement, Posture};
use crate::domain::placement::status::PlacementStatus;
use crate::domain::placement::transition;
use crate::domain::placement::transition::PlacementState;
use crate::domain::text;
use crate::outbox::{AuditEntry, EventType, Outbox};

/// The value of `recalled_by` for a recall by the creditor.
const BY_CREDITOR: &str = "creditor";

/// The working set and the outbox of one batch.
pub(super) struct CommandExecutor<'a> {
    pub(super) set: &'a mut WorkingSet,
    pub(super) outbox: &'a mut Outbox,
    pub(super) now_ms: i64,
}

pub(super) type CommandResult<T> = Result<T, ApiError>;

impl CommandExecutor<'_> {
    /// Returns the placement after `action` and its previous status. Does not update the working set.
    pub(super) fn change(
        &mut self,
        command: &Command,
        id: PlacementId,
        action: &Action,
    ) -> CommandResult<(placement::Model, PlacementStatus)> {
        let row = self
            .set
            .placement(command.creditor, id)
            .ok_or(ApiError::not_found("placement"))?;
        let account = self
            .set
            .accounts
            .get(&command.creditor)
            .ok_or(ApiError::Internal)?;
        let state = state_of(row, account.status);
        let change = transition::apply(&state, action, self.now_ms)
            .map_err(|refusal| refused(refusal, action.name()))?;
        let mut row = row.clone();
        row.status = change.status.into();
        row.paused = change.paused;
        row.paid_cents = change.paid.raw();
        row.amount_cents = change.amount.raw();
        row.recalled_from = change.recalled_from.map(Into::into);
        row.recalled_ms = change.recalled_at_ms;
        if change.recalled_by_creditor != state.recalled_by_creditor {
            let by_creditor = change.recalled_by_creditor;
            row.recalled_by = by_creditor.then(|| BY_CREDITOR.to_owned());
        }
        row.updated_ms = self.outbox.updated_ms(command.creditor);
        Ok((row, state.status))
    }

    pub(super) fn finish(
        &mut self,
        row: placement::Model,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let (id, outcome) = (row.id, self.placement_outcome(&row));
        self.set.put_placement(row);
        Ok((id, outcome))
    }

    pub(super) fn placement_outcome(&self, row: &placement::Model) -> CommandOutcome {
        let account = self.set.accounts.get(&row.creditor_id);
        let status = account.map_or(AccountStatus::PendingSignup, |account| account.status);
        CommandOutcome::Placement(Box::new(placement_view(row, status, self.now_ms)))
    }

    /// Appends the history row, the audit entry and the event of a status change. Resolves an open dispute if the
    /// placement has ended.
    pub(super) fn status_changed(
        &mut self,
        command: &Command,
        row: &placement::Model,
        before: PlacementStatus,
        audit_action: &str,
        reason: Option<&str>,
    ) {
        let data =
            json!({"previous_status": before, "status": row.status.as_str(), "reason": reason});
        self.audit(command, row, audit_action, data.clone());
        self.event(row, EventType::PlacementStatusChanged, object(data));
        self.note_history(row, Some(before), command, reason);
        self.end_dispute(command, row);
    }

    pub(super) fn note_history(
        &mut self,
        row: &placement::Model,
        before: Option<PlacementStatus>,
        command: &Command,
        reason: Option<&str>,
    ) {
        self.set.history.push(placement_history::Model {
            id: HistoryId(Uuid::now_v7()),
            placement_id: row.id,
            creditor_id: row.creditor_id,
            from_status: before.map(Into::into),
            to_status: row.status,
            actor: command.actor.clone(),
            reason: reason.map(str::to_owned),
            at_ms: row.updated_ms,
        });
    }

    pub(super) fn audit(
        &mut self,
        command: &Command,
        row: &placement::Model,
        action: &str,
        data: Value,
    ) {
        self.outbox.audit(&AuditEntry {
            action,
            actor: &command.actor,
            creditor: Some(command.creditor),
            placement: Some(row.id),
            data,
        });
    }

    /// Appends an event about a placement. The event never contains contact data of the debtor.
    pub(super) fn event(
        &mut self,
        row: &placement::Model,
        event: EventType,
        extra: Map<String, Value>,
    ) {
        let mut data = Map::new();
        data.insert("placement_id".into(), row.id.0.to_string().into());
        data.insert("invoice_number".into(), row.invoice_number.clone().into());
        data.insert(
            "external_debtor_ref".into(),
            row.external_debtor_ref.clone().into(),
        );
        data.extend(extra);
        data.entry("status")
            .or_insert_with(|| row.status.as_str().into());
        self.outbox
            .event(row.creditor_id, event, Some(row.id), data);
    }

    /// Resolves the open dispute of a placement that has ended. A recall can be undone, so it does not resolve a
    /// dispute.
    fn end_dispute(&mut self, command: &Command, row: &placement::Model) {
        let status = PlacementStatus::from(row.status);
        let ended = status.is_terminal() && status != PlacementStatus::Recalled;
        let Some(mut dispute) = self.set.open_dispute(row.id).cloned().filter(|_| ended) else {
            return;
        };
        dispute.status = DisputeStatus::Resolved;
        dispute.resolved_ms = Some(row.updated_ms);
        let reason = format!("the placement is {status}");
        let data = json!({"dispute_id": dispute.id, "resolution": null, "reason": reason});
        self.audit(command, row, "dispute.resolved", data.clone());
        self.event(row, EventType::DisputeResolved, object(data));
        self.set.put_dispute(dispute);
    }
}

/// Maps a refused transition to an error. Errors about the account name the requested `action`.
pub(super) fn refused(refusal: transition::TransitionRejection, action: &'static str) -> ApiError {
    match refusal {
        transition::TransitionRejection::AccountSuspended => ApiError::AccountSuspended { action },
        transition::TransitionRejection::AccountRejected => ApiError::AccountRejected { action },
        other => ApiError::Transition(other),
    }
}

fn state_of(row: &placement::Model, account: AccountStatus) -> PlacementState {
    PlacementState {
        status: row.status.into(),
        paused: row.paused,
        amount: Cents::from_raw(row.amount_cents),
        paid: Cents::from_raw(row.paid_cents),
        recalled_from: row.recalled_from.map(Into::into),
        recalled_at_ms: row.recalled_ms,
        recalled_by_creditor: row.recalled_by.as_deref() == Some(BY_CREDITOR),
        account,
    }
}

pub(super) fn new_row(
    command: &Command,
    new: &NewPlacement,
    posture: Posture,
    at_ms: i64,
) -> placement::Model {
    let debtor = new.debtor.clone();
    placement::Model {
        id: PlacementId(Uuid::now_v7()),
        creditor_id: command.creditor,
        invoice_number: new.invoice_number.clone(),
        invoice_date: new.invoice_date.to_string(),
        due_date: new.due_date.to_string(),
        amount_cents: new.invoice_amount.raw(),
        paid_cents: 0,
        status: PlacementStatus::PendingEnrichment.into(),
        paused: false,
        posture: posture.into(),
        notes: new.notes.clone(),
        search: fold_case(&[&text::comparable(&debtor.company_name), &new.invoice_number]),
        company_name: debtor.company_name,
        primary_email: debtor.primary_email,
        primary_phone: debtor.primary_phone,
        primary_domain: debtor.primary_domain,
        state: debtor.state,
        city: debtor.city,
        zip: debtor.zip,
        external_debtor_ref: debtor.external_debtor_ref,
        recalled_from: None,
        recalled_ms: None,
        recalled_by: None,
        placed_ms: at_ms,
        updated_ms: at_ms,
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
