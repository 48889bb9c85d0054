//! The methods with which support reports status changes, handles disputes and erases payloads.

use std::collections::HashMap;

use entities::ids::{CreditorId, DisputeId, PlacementId};
use entities::placement;
use entities::queries::placements;

use super::SupportApi;
use crate::contract::{
    ApiError, ApiResult, DisputeView, ErasedView, TransitionRequest, TransitionResult,
};
use crate::delivery::erasure;
use crate::infra::trace;
use crate::placements::{Command, CommandOutcome, Operation};

impl SupportApi {
    /// Applies each transition independently of the others. The results have the order of `requests`. A transition that
    /// fails does not fail the call. Its result holds the error.
    pub async fn transition_placements(
        &self,
        requests: Vec<TransitionRequest>,
    ) -> ApiResult<Vec<TransitionResult>> {
        let ids: Vec<PlacementId> = requests
            .iter()
            .map(|request| request.placement_id)
            .collect();
        let owners: HashMap<PlacementId, CreditorId> =
            placements::by_ids(self.env().db.reader(), &ids)
                .await?
                .into_iter()
                .map(|row| (row.id, row.creditor_id))
                .collect();
        let moves = requests
            .into_iter()
            .map(|request| self.transition(request, &owners));
        // Concurrently, so that they share a Writer's batch. Transitions of one placement keep their order.
        Ok(futures::future::join_all(moves).await)
    }

    async fn transition(
        &self,
        request: TransitionRequest,
        owners: &HashMap<PlacementId, CreditorId>,
    ) -> TransitionResult {
        let placement_id = request.placement_id;
        let result = match owners.get(&placement_id) {
            None => Err(ApiError::not_found("placement")),
            Some(creditor) => {
                let operation = Operation::Move {
                    placement: placement_id,
                    to: request.to,
                    reason: request.reason,
                };
                self.operations(*creditor, operation)
                    .await
                    .and_then(CommandOutcome::into_placement)
            }
        };
        TransitionResult {
            placement_id: placement_id.0,
            ok: result.is_ok(),
            status: result.as_ref().ok().map(|view| view.status.clone()),
            error: result.err().map(|error| error.to_string()),
        }
    }

    /// Opens a dispute of a placement on behalf of its debtor.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`].
    pub async fn open_dispute(
        &self,
        placement: PlacementId,
        reason: String,
    ) -> ApiResult<DisputeView> {
        let row = self.placement_row(placement).await?;
        let operation = Operation::OpenDispute { placement, reason };
        self.operations(row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    /// Records the answer to a dispute.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn answer_dispute(&self, dispute: DisputeId, text: String) -> ApiResult<DisputeView> {
        let row = placements::dispute(self.env().db.reader(), dispute).await?;
        let row = row.ok_or(ApiError::not_found("dispute"))?;
        let operation = Operation::AnswerDispute { dispute, text };
        self.operations(row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    /// Erases the stored payloads of a placement's events and cancels their pending deliveries.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn erase_payloads(
        &self,
        placement: PlacementId,
        reason: String,
    ) -> ApiResult<ErasedView> {
        let row = self.placement_row(placement).await?;
        let actor = self.actor.clone();
        self.run_to_completion(&self.modules().delivery, move |delivery| async move {
            erasure::erase(&delivery, &row, actor.name(), &reason).await
        })
        .await
    }

    async fn placement_row(&self, id: PlacementId) -> ApiResult<placement::Model> {
        let found = placements::by_ids(self.env().db.reader(), &[id]).await?;
        let first = found.into_iter().next();
        first.ok_or(ApiError::not_found("placement"))
    }

    async fn operations(
        &self,
        creditor: CreditorId,
        operation: Operation,
    ) -> ApiResult<CommandOutcome> {
        let command = Command {
            creditor,
            actor: self.actor.name().to_owned(),
            operation,
            idempotency: None,
            trace: trace::current(),
        };
        self.submit(command).await.map(|done| done.value)
    }
}
