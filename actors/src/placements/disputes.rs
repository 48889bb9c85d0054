//! Dispute operations of the executor: opens a dispute and records the creditor's answer.

use entities::dispute::{self, DisputeStatus};
use entities::ids::{DisputeId, PlacementId};
use serde_json::json;
use uuid::Uuid;

use super::command::{Command, CommandOutcome};
use super::executor::{CommandExecutor, CommandResult, object};
use super::views::dispute_view;
use crate::contract::ApiError;
use crate::domain::placement::action::Action;
use crate::outbox::{AuditEntry, EventType};

impl CommandExecutor<'_> {
    pub(super) fn open_dispute(
        &mut self,
        command: &Command,
        id: PlacementId,
        reason: &str,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let (row, before) = self.change(command, id, &Action::OpenDispute)?;
        let dispute = dispute::Model {
            id: DisputeId(Uuid::now_v7()),
            placement_id: id,
            creditor_id: command.creditor,
            status: DisputeStatus::Open,
            reason: reason.to_owned(),
            answer: None,
            opened_ms: row.updated_ms,
            answered_ms: None,
            acknowledged_ms: None,
            resolution: None,
            resolved_ms: None,
        };
        let data = json!({"dispute_id": dispute.id});
        self.event(&row, EventType::DisputeOpened, object(data));
        self.status_changed(command, &row, before, "dispute.opened", Some(reason));
        let outcome = CommandOutcome::Dispute(dispute_view(&dispute));
        self.set.put_dispute(dispute);
        self.set.put_placement(row);
        Ok((id, outcome))
    }

    pub(super) fn answer_dispute(
        &mut self,
        command: &Command,
        id: DisputeId,
        text: &str,
    ) -> CommandResult<(PlacementId, CommandOutcome)> {
        let dispute = self
            .set
            .dispute(command.creditor, id)
            .filter(|dispute| dispute.status == DisputeStatus::Open)
            .ok_or(ApiError::not_found("open dispute"))?;
        let mut dispute = dispute.clone();
        dispute.answer = Some(text.to_owned());
        dispute.answered_ms = Some(self.outbox.updated_ms(command.creditor));
        self.outbox.audit(&AuditEntry {
            action: "dispute.answered",
            actor: &command.actor,
            creditor: Some(command.creditor),
            placement: Some(dispute.placement_id),
            data: json!({"dispute_id": dispute.id}),
        });
        let outcome = CommandOutcome::Dispute(dispute_view(&dispute));
        let placement = dispute.placement_id;
        self.set.put_dispute(dispute);
        Ok((placement, outcome))
    }
}
