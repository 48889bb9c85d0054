//! Applies one command to the working set. The pure rules in `domain` decide; this module records the effects.
//!
//! A rejected command leaves the working set and the outbox unchanged, so it never affects the rest of its batch.
//! This module never accesses the database.

use entities::ids::{PaymentId, PlacementId};
use entities::{payment, placement};
use serde_json::{Map, json};
use uuid::Uuid;

use super::command::{Command, CommandAnswer, CommandOutcome, Operation};
use super::executor::{CommandExecutor, CommandResult, new_row, object, refused};
use crate::contract::{ApiError, PaymentRecorded, Replayable};
use crate::domain::date::rfc3339_ms;
use crate::domain::money::Cents;
use crate::domain::placement::action::Action;
use crate::domain::placement::creditor_action::CreditorAction;
use crate::domain::placement::draft::NewPlacement;
use crate::domain::placement::payment as money;
use crate::domain::placement::status::PlacementStatus;
use crate::domain::placement::transition::may_place;
use crate::outbox::EventType;

impl CommandExecutor<'_> {
    /// Replays, rejects or performs one command.
    pub(super) fn apply(&mut self, command: &Command) -> CommandAnswer {
        if let Some(value) = self.stored_outcome(command)? {
            let replayed = true;
            return Ok(Replayable { value, replayed });
        }
        if !self.outbox.has_creditor(command.creditor) {
            return Err(ApiError::not_found("creditor"));
        }
        self.outbox.set_trace(command.trace);
        let (placement, outcome) = self.perform(command)?;
        if let Some(asked) = &command.idempotency {
            let record = asked.record(command.creditor, placement, &outcome, self.now_ms);
            self.set.put_record(record);
        }
        Ok(Replayable {
            value: outcome,
            replayed: false,
        })
    }

    fn stored_outcome(&self, command: &Command) -> CommandResult<Option<CommandOutcome>> {
        let Some(asked) = &command.idempotency else {
            return Ok(None);
        };
        let key = (command.creditor, asked.key.as_str().to_owned());
        let record = self.set.records.get(&key);
        let outcome = asked.outcome(record, self.now_ms)?;
        let placement = record.and_then(|record| record.placement_id);
        Ok(outcome.map(|outcome| self.as_now(command, placement, outcome)))
    }

    /// The outcome with the placement as it is now. What was true at the first request may have changed since.
    fn as_now(
        &self,
        command: &Command,
        placement: Option<PlacementId>,
        outcome: CommandOutcome,
    ) -> CommandOutcome {
        let row = placement.and_then(|id| self.set.placement(command.creditor, id));
        match (outcome, row) {
            (CommandOutcome::Placement(_), Some(row)) => self.placement_outcome(row),
            (CommandOutcome::Payment(stored), Some(row)) => {
                CommandOutcome::Payment(with_balance_of(row, stored))
            }
            (other, _) => other,
        }
    }

    fn perform(
        &mut self,
        command: &Command,
    ) -> CommandResult<(Option<PlacementId>, CommandOutcome)> {
        let (placement, outcome) = match &command.operation {
            Operation::BatchCreate { rows } => {
                return Ok((None, self.batch_create(command, rows)?));
            }
            Operation::Place { new } => self.place(command, new),
            Operation::Act { placement, action } => self.act(command, *placement, *action),
            Operation::RecordPayment { placement, amount } => {
                self.pay(command, *placement, *amount)
            }
            Operation::Move {
                placement,
                to,
                reason,
            } => self.operations_move(command, *placement, *to, reason.as_deref()),
            Operation::OpenDispute { placement, reason } => {
                self.open_dispute(command, *placement, reason)
            }
            Operation::AnswerDispute { dispute, text } => {
                self.answer_dispute(command, *dispute, text)
            }
        }?;
        Ok((Some(placement), outcome))
    }

    pub(super) fn place(
        &mut self,
        command: &Command,
        new: &NewPlacement,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let account = self
            .set
            .accounts
            .get(&command.creditor)
            .ok_or(ApiError::Internal)?;
        may_place(account.status).map_err(|refusal| refused(refusal, "placing an invoice"))?;
        if let Some(holder) = self.set.invoice(command.creditor, &new.invoice_number) {
            return Err(ApiError::DuplicateInvoice {
                invoice_number: new.invoice_number.clone(),
                placement_id: holder.0,
            });
        }
        let posture = new.posture.unwrap_or(account.posture_default);
        let at_ms = self.outbox.updated_ms(command.creditor);
        let row = new_row(command, new, posture, at_ms);
        self.note_history(&row, None, command, None);
        self.audit(command, &row, "placement.created", json!({"invoice_number": row.invoice_number, "invoice_amount": new.invoice_amount.to_string()}));
        self.event(&row, EventType::PlacementCreated, Map::new());
        let outcome = self.placement_outcome(&row);
        let id = row.id;
        self.set.put_placement(row);
        Ok((id, outcome))
    }

    /// Performs an action of the creditor. If nothing changes, `updated_ms` stays and the change feed does not move.
    fn act(
        &mut self,
        command: &Command,
        id: PlacementId,
        action: CreditorAction,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let (row, before) = self.change(command, id, &Action::Creditor(action))?;
        let known = self.set.placement(command.creditor, id);
        let known = known.ok_or(ApiError::Internal)?;
        let rule = action.rule();
        if before != row.status.into() {
            self.status_changed(command, &row, before, rule.audit, None);
        } else if row.paused != known.paused {
            let event = EventType::parse(rule.audit).ok_or(ApiError::Internal)?;
            self.audit(command, &row, rule.audit, json!({}));
            self.event(&row, event, Map::new());
        } else {
            return Ok((id, self.placement_outcome(known)));
        }
        if let Some(reversed) = rule.reverses {
            self.set.invalidate_answers(id, reversed.rule().name);
        }
        self.finish(row)
    }

    fn pay(
        &mut self,
        command: &Command,
        id: PlacementId,
        amount: Cents,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let (row, before) = self.change(command, id, &Action::RecordPayment { cents: amount })?;
        let payment = PaymentId(Uuid::now_v7());
        let recorded = PaymentRecorded {
            payment_id: payment.0,
            placement_id: id.0,
            amount: amount.to_string(),
            recorded_at: rfc3339_ms(row.updated_ms),
            amount_paid: String::new(),
            balance: String::new(),
            status: String::new(),
            note: None,
        };
        let recorded = with_balance_of(&row, recorded);
        self.set.payments.push(payment::Model {
            id: payment,
            placement_id: id,
            creditor_id: command.creditor,
            amount_cents: amount.raw(),
            recorded_ms: row.updated_ms,
        });
        let data = json!({"payment_id": recorded.payment_id, "amount": recorded.amount, "amount_paid": recorded.amount_paid, "balance": recorded.balance});
        self.audit(command, &row, "payment.recorded", data.clone());
        self.event(&row, EventType::PaymentRecorded, object(data));
        if before != row.status.into() {
            self.status_changed(
                command,
                &row,
                before,
                "placement.status_changed",
                Some("paid in full"),
            );
        }
        self.set.put_placement(row);
        Ok((id, CommandOutcome::Payment(recorded)))
    }

    fn operations_move(
        &mut self,
        command: &Command,
        id: PlacementId,
        to: PlacementStatus,
        reason: Option<&str>,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        if to == PlacementStatus::Disputed {
            // Creates a dispute row with a reason, because the creditor can answer only a stored dispute.
            self.open_dispute(command, id, reason.unwrap_or("reported by operations"))?;
            let row = self
                .set
                .placement(command.creditor, id)
                .ok_or(ApiError::Internal)?;
            return Ok((id, self.placement_outcome(row)));
        }
        let (row, before) = self.change(command, id, &Action::OperationsMove { to })?;
        self.status_changed(command, &row, before, "placement.status_changed", reason);
        self.finish(row)
    }
}

/// The payment with the balance and the status of its placement.
fn with_balance_of(row: &placement::Model, payment: PaymentRecorded) -> PaymentRecorded {
    let (owed, paid) = (
        Cents::from_raw(row.amount_cents),
        Cents::from_raw(row.paid_cents),
    );
    PaymentRecorded {
        amount_paid: paid.to_string(),
        balance: money::balance(owed, paid).to_string(),
        status: row.status.as_str().to_owned(),
        note: note_on(row),
        ..payment
    }
}

/// The note on a payment that arrives after the placement has ended. The payment is recorded, but the status stays.
fn note_on(row: &placement::Model) -> Option<String> {
    let settled = row.paid_cents >= row.amount_cents;
    let status = PlacementStatus::from(row.status);
    (settled && status != PlacementStatus::Paid).then(|| {
        format!("recorded, but the placement stays {status}: it ended before the payment arrived")
    })
}
