//! What the company's own people can see and do.

use std::collections::HashMap;

use entities::creditor;
use entities::ids::{CreditorId, PlacementId};
use entities::queries::{audit, creditors, keys, onboarding as rows, placements, webhooks};
use uuid::Uuid;

use super::fault::DbResultExt as _;
use super::placements::page_of;
use super::request::{CreditorPatch, DeliveryFilter, Slice, SupportAuditFilter, TransitionRequest};
use super::view::{
    ActorView, DeliveryView, DisputeView, HealthView, Page, ProviderEventView, RevealedKey,
    SupportAuditEvent, SupportAuditPage, SupportCreditor, TransitionResult,
};
use super::{ApiError, ApiResult, PartnerApi, Provider, SupportActor};
use crate::delivery::{deliveries, endpoint_settings};
use crate::domain::date::rfc3339_ms;
use crate::domain::gates::Gate;
use crate::ledger::{Command, Operation, Outcome};
use crate::onboarding::{self, EvaluatorMsg};

/// Provider events shown with a creditor.
const SHOWN_EVENTS: u64 = 50;

impl PartnerApi {
    /// Creditors whose name or e-mail contains `q`.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn support_creditors(
        &self,
        _actor: &SupportActor,
        q: Option<String>,
        slice: Slice,
    ) -> ApiResult<Page<SupportCreditor>> {
        let db = self.house().db.reader();
        let (found, total) = creditors::search(db, q.as_deref(), slice.limit, slice.offset)
            .await
            .or_fault()?;
        let mut items = Vec::with_capacity(found.len());
        for row in found {
            items.push(self.support_view(row).await?);
        }
        Ok(Page {
            items,
            limit: slice.limit,
            offset: slice.offset,
            total: Some(total),
        })
    }

    /// One creditor: gates, facts and their provider events, key, limits.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_creditor(
        &self,
        _actor: &SupportActor,
        id: Uuid,
    ) -> ApiResult<SupportCreditor> {
        let found = creditors::by_id(self.house().db.reader(), CreditorId(id))
            .await
            .or_fault()?;
        self.support_view(found.ok_or(ApiError::no_such("creditor"))?)
            .await
    }

    async fn support_view(&self, row: creditor::Model) -> ApiResult<SupportCreditor> {
        let db = self.house().db.reader();
        let gates = rows::gates(db, row.id).await.or_fault()?;
        let keys = keys::of_creditor(db, row.id).await.or_fault()?;
        let events = rows::events_of(db, row.id, SHOWN_EVENTS).await.or_fault()?;
        let stripe = rows::linked_account(db, Provider::Stripe.as_str(), row.id)
            .await
            .or_fault()?;
        let endpoint = webhooks::primary(db, row.id).await.or_fault()?;
        Ok(SupportCreditor {
            id: row.id.0,
            status: onboarding::account_status_of(&row, gates.iter())
                .as_str()
                .to_owned(),
            name: row.name,
            email: row.email,
            tier: row.tier,
            limits: row
                .limits_override
                .and_then(|json| serde_json::from_str(&json).ok())
                .unwrap_or_default(),
            stripe_account_id: stripe,
            gates: onboarding::gate_statuses(&gates),
            api_key: onboarding::key_status(&keys),
            provider_events: events.into_iter().map(provider_event_view).collect(),
            webhook_url: endpoint.as_ref().and_then(endpoint_settings::shown_url),
            created_at: rfc3339_ms(row.created_ms),
        })
    }

    /// Links, suspends, sets tier or override.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Validation`].
    pub async fn support_patch_creditor(
        &self,
        actor: &SupportActor,
        id: Uuid,
        patch: CreditorPatch,
    ) -> ApiResult<SupportCreditor> {
        let (creditor, name, patch) = (CreditorId(id), actor.name().to_owned(), Box::new(patch));
        self.evaluate(|reply| EvaluatorMsg::PatchCreditor {
            creditor,
            actor: name,
            patch,
            reply,
        })
        .await?;
        self.support_creditor(actor, id).await
    }

    /// Repairs a gate.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_set_gate(
        &self,
        actor: &SupportActor,
        id: Uuid,
        gate: Gate,
        passed: bool,
        reason: String,
    ) -> ApiResult<SupportCreditor> {
        let (creditor, name) = (CreditorId(id), actor.name().to_owned());
        self.evaluate(|reply| EvaluatorMsg::SetGate {
            creditor,
            actor: name,
            gate,
            passed,
            reason,
            reply,
        })
        .await?;
        self.support_creditor(actor, id).await
    }

    /// Mints a new key; the older ones end at once, or retire for `overlap_hours`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::GatesPending`] where no key was ever due.
    pub async fn support_rotate_key(
        &self,
        actor: &SupportActor,
        id: Uuid,
        reason: String,
        overlap_hours: u32,
    ) -> ApiResult<RevealedKey> {
        self.refuse_while_draining()?;
        onboarding::rotate_by_support(
            self.house(),
            CreditorId(id),
            actor.name(),
            &reason,
            overlap_hours,
        )
        .await
    }

    /// Ends every key of the creditor.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_revoke_key(
        &self,
        actor: &SupportActor,
        id: Uuid,
        reason: String,
    ) -> ApiResult<()> {
        self.refuse_while_draining()?;
        onboarding::revoke_by_support(self.house(), CreditorId(id), actor.name(), &reason).await
    }

    /// Operations report statuses; each line on its own.
    ///
    /// # Errors
    /// None for a single line: each result tells.
    pub async fn support_transitions(
        &self,
        actor: &SupportActor,
        requests: Vec<TransitionRequest>,
    ) -> ApiResult<Vec<TransitionResult>> {
        let ids: Vec<PlacementId> = requests
            .iter()
            .map(|request| PlacementId(request.placement_id))
            .collect();
        let owners: HashMap<Uuid, CreditorId> = placements::by_ids(self.house().db.reader(), &ids)
            .await
            .or_fault()?
            .into_iter()
            .map(|row| (row.id.0, row.creditor_id))
            .collect();
        let moves = requests
            .into_iter()
            .map(|request| self.transition(actor, request, &owners));
        // Together, so that they share a Writer's batch. Lines on one placement keep their order.
        Ok(futures::future::join_all(moves).await)
    }

    async fn transition(
        &self,
        actor: &SupportActor,
        request: TransitionRequest,
        owners: &HashMap<Uuid, CreditorId>,
    ) -> TransitionResult {
        let placement_id = request.placement_id;
        let done = match owners.get(&placement_id) {
            None => Err(ApiError::no_such("placement")),
            Some(creditor) => {
                let operation = Operation::Move {
                    placement: PlacementId(placement_id),
                    to: request.to,
                    reason: request.reason,
                };
                self.operations(actor, *creditor, operation)
                    .await
                    .and_then(Outcome::into_placement)
            }
        };
        TransitionResult {
            placement_id,
            ok: done.is_ok(),
            status: done.as_ref().ok().map(|view| view.status.clone()),
            error: done.err().map(|error| error.to_string()),
        }
    }

    /// The debtor disputes.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Transition`].
    pub async fn support_open_dispute(
        &self,
        actor: &SupportActor,
        placement: Uuid,
        reason: String,
    ) -> ApiResult<DisputeView> {
        let placement = PlacementId(placement);
        let found = placements::by_ids(self.house().db.reader(), &[placement])
            .await
            .or_fault()?;
        let row = found
            .into_iter()
            .next()
            .ok_or(ApiError::no_such("placement"))?;
        let operation = Operation::OpenDispute { placement, reason };
        self.operations(actor, row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    /// Puts the answer to a dispute on record.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn support_answer_dispute(
        &self,
        actor: &SupportActor,
        dispute: Uuid,
        text: String,
    ) -> ApiResult<DisputeView> {
        let row = placements::dispute(self.house().db.reader(), dispute)
            .await
            .or_fault()?;
        let row = row.ok_or(ApiError::no_such("dispute"))?;
        let operation = Operation::AnswerDispute { dispute, text };
        self.operations(actor, row.creditor_id, operation)
            .await?
            .into_dispute()
    }

    async fn operations(
        &self,
        actor: &SupportActor,
        creditor: CreditorId,
        operation: Operation,
    ) -> ApiResult<Outcome> {
        let command = Command {
            creditor,
            actor: actor.name().to_owned(),
            operation,
            idempotency: None,
        };
        self.submit(command).await.map(|done| done.value)
    }

    /// The audit log, newest first.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn support_audit(
        &self,
        _actor: &SupportActor,
        filter: SupportAuditFilter,
    ) -> ApiResult<SupportAuditPage> {
        let query = audit::AuditQuery {
            creditor: filter.creditor_id.map(CreditorId),
            actions: filter.action.into_iter().collect(),
            since_ms: filter.since_ms,
            after: filter.after,
            limit: filter.limit + 1,
            ..audit::AuditQuery::default()
        };
        let found = audit::read(self.house().db.reader(), &query)
            .await
            .or_fault()?;
        let (found, pagination) = page_of(found, filter.limit);
        let events = found
            .into_iter()
            .map(|row| SupportAuditEvent {
                id: row.id,
                action: row.action,
                actor: row.actor,
                creditor_id: row.creditor_id.map(|id| id.0),
                at: rfc3339_ms(row.at_ms),
                data: serde_json::from_str(&row.data).unwrap_or_default(),
            })
            .collect();
        Ok(SupportAuditPage { events, pagination })
    }

    /// Any creditor's deliveries, or everybody's.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn support_deliveries(
        &self,
        _actor: &SupportActor,
        creditor: Option<Uuid>,
        filter: DeliveryFilter,
        slice: Slice,
    ) -> ApiResult<Page<DeliveryView>> {
        deliveries::list(self.house(), creditor.map(CreditorId), &filter, slice).await
    }

    /// The live supervision tree.
    #[must_use]
    pub fn actor_tree(&self) -> ActorView {
        self.0.tree.view()
    }

    /// Whether database and actors are well.
    pub async fn health(&self) -> HealthView {
        let asked = creditors::by_id(self.house().db.reader(), CreditorId(Uuid::nil())).await;
        let database = asked.map_or_else(|_| "does not answer".to_owned(), |_| "ok".to_owned());
        let down = first_down(&self.actor_tree());
        let actors = down.map_or_else(|| "ok".to_owned(), |name| format!("{name} is restarting"));
        let well = database == "ok" && actors == "ok";
        HealthView {
            status: if well { "ok" } else { "degraded" }.to_owned(),
            database,
            actors,
        }
    }
}

fn first_down(actor: &ActorView) -> Option<String> {
    if actor.state == "restarting" {
        return Some(actor.name.clone());
    }
    actor.children.iter().find_map(first_down)
}

fn provider_event_view(row: entities::onboarding_event::Model) -> ProviderEventView {
    ProviderEventView {
        provider: row.provider,
        event_id: row.event_id,
        event_type: row.event_type,
        occurred_at: rfc3339_ms(row.occurred_ms),
        outcome: row.outcome.as_str().to_owned(),
    }
}
