//! Disputes at the desk: what the debtor said, the answer on record, and the end.

use entities::dispute::{self, DisputeStatus};
use entities::ids::PlacementId;
use serde_json::json;
use uuid::Uuid;

use super::command::{Command, Outcome};
use super::executor::{Desk, Refusable, object};
use super::views::dispute_view;
use crate::contract::ApiError;
use crate::domain::placement::action::Action;
use crate::outbox::{AuditLine, EventType};

impl Desk<'_> {
    pub(super) fn open_dispute(
        &mut self,
        command: &Command,
        id: PlacementId,
        reason: &str,
    ) -> Refusable<(PlacementId, Outcome)> {
        let (row, before) = self.change(command, id, &Action::OpenDispute)?;
        let dispute = dispute::Model {
            id: Uuid::now_v7(),
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
        let outcome = Outcome::Dispute(dispute_view(&dispute));
        self.set.put_dispute(dispute);
        self.set.put_placement(row);
        Ok((id, outcome))
    }

    pub(super) fn answer_dispute(
        &mut self,
        command: &Command,
        id: Uuid,
        text: &str,
    ) -> Refusable<(PlacementId, Outcome)> {
        let dispute = self
            .set
            .dispute(command.creditor, id)
            .filter(|dispute| dispute.status == DisputeStatus::Open)
            .ok_or(ApiError::no_such("open dispute"))?;
        let mut dispute = dispute.clone();
        dispute.answer = Some(text.to_owned());
        dispute.answered_ms = Some(self.journal.updated_ms(command.creditor));
        self.journal.audit(&AuditLine {
            action: "dispute.answered",
            actor: &command.actor,
            creditor: Some(command.creditor),
            placement: Some(dispute.placement_id),
            data: json!({"dispute_id": dispute.id}),
        });
        let outcome = Outcome::Dispute(dispute_view(&dispute));
        let placement = dispute.placement_id;
        self.set.put_dispute(dispute);
        Ok((placement, outcome))
    }
}
