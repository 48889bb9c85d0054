//! The methods with which support reports status changes, handles disputes and erases payloads.

use std::collections::HashMap;

use entities::ids::{CreditorId, DisputeId, PlacementId};
use entities::queries::placements;

use super::partner_api::PartnerApi;
use crate::auth::SupportActor;
use crate::contract::{
    ApiError, ApiResult, DbResultExt as _, DisputeView, ErasedView, TransitionRequest,
    TransitionResult,
};
use crate::delivery::erasure;
use crate::infra::trace;
use crate::placements::{Command, CommandOutcome, Operation};

impl PartnerApi {
    /// Applies each transition independently of the others. The results have the order of `requests`. A transition that
    /// fails does not fail the call. Its result holds the error.
    pub async fn support_transitions(
        &self,
        actor: &SupportActor,
        requests: Vec<TransitionRequest>,
    ) -> ApiResult<Vec<TransitionResult>> {
        let ids: Vec<PlacementId> = requests
            .iter()
            .map(|request| request.placement_id)
            .collect();
        let owners: HashMap<PlacementId, CreditorId> =
            placements::by_ids(self.0.modules.env.db.reader(), &ids)
                .await
                .map_db_error()?
                .into_iter()
                .map(|row| (row.id, row.creditor_id))
                .collect();
        let moves = requests
            .into_iter()
            .map(|request| self.transition(actor, request, &owners));
        // Concurrently, so that they share a Writer's batch. Transitions of one placement keep their order.
        Ok(futures::future::join_all(moves).await)
    }

    async fn transition(
        &self,
        actor: &SupportActor,
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
                self.operations(actor, *creditor, operation)
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
    pub async fn support_open_dispute(
        &self,
        actor: &SupportActor,
        placement: PlacementId,
        reason: String,
    ) -> ApiResult<DisputeView> {
        let found = placements::by_ids(self.0.modules.env.db.reader(), &[placement])
            .await
            .map_db_error()?;
        let row = found
            .into_iter()
            .next()
            .ok_or(ApiError::not_found("placement"))?;
        let operation = Operation::OpenDispute { placement, reason };
        self.operations(actor, row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    /// Records the answer to a dispute.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_answer_dispute(
        &self,
        actor: &SupportActor,
        dispute: DisputeId,
        text: String,
    ) -> ApiResult<DisputeView> {
        let row = placements::dispute(self.0.modules.env.db.reader(), dispute)
            .await
            .map_db_error()?;
        let row = row.ok_or(ApiError::not_found("dispute"))?;
        let operation = Operation::AnswerDispute { dispute, text };
        self.operations(actor, row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    /// Erases the stored payloads of a placement's events and cancels their pending deliveries.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_erase_payloads(
        &self,
        actor: &SupportActor,
        placement: PlacementId,
        reason: String,
    ) -> ApiResult<ErasedView> {
        let found = placements::by_ids(self.0.modules.env.db.reader(), &[placement]).await;
        let row = found.map_db_error()?.into_iter().next();
        let row = row.ok_or(ApiError::not_found("placement"))?;
        let actor = actor.clone();
        self.run_to_completion(&self.0.modules.delivery, move |delivery| async move {
            erasure::erase(&delivery, &row, actor.name(), &reason).await
        })
        .await
    }

    async fn operations(
        &self,
        actor: &SupportActor,
        creditor: CreditorId,
        operation: Operation,
    ) -> ApiResult<CommandOutcome> {
        let command = Command {
            creditor,
            actor: actor.name().to_owned(),
            operation,
            idempotency: None,
            trace: trace::current(),
        };
        self.submit(command).await.map(|done| done.value)
    }
}
