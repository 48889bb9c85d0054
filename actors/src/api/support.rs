//! The methods with which support reads and changes creditors, gates, keys and deliveries.

use entities::creditor;
use entities::ids::CreditorId;
use entities::queries::{creditors, keys, onboarding as rows, webhooks};

use super::SupportApi;
use crate::contract::{
    ApiError, ApiResult, CreditorPatch, DeliveryFilter, DeliveryView, OffsetPage, Page, Provider,
    ProviderEventView, RevealedKey, SupportCreditor, stored_json,
};
use crate::creditor as account;
use crate::delivery::delivery_log;
use crate::domain::date::rfc3339_ms;
use crate::domain::gates::Gate;
use crate::endpoints::shown_url;
use crate::keys::{self as key_rotation, Initiator};
use crate::onboarding::EvaluatorMsg;

/// The maximum number of provider events in the view of a creditor.
const SHOWN_EVENTS: u64 = 50;

impl SupportApi {
    /// Returns a page of the creditors whose name or e-mail contains `q`.
    pub async fn creditors(
        &self,
        q: Option<String>,
        slice: OffsetPage,
    ) -> ApiResult<Page<SupportCreditor>> {
        let db = self.env().db.reader();
        let (found, total) = creditors::search(db, q.as_deref(), slice.limit, slice.offset).await?;
        let mut items = Vec::with_capacity(found.len());
        for row in found {
            items.push(self.creditor_view(row).await?);
        }
        Ok(Page {
            items,
            limit: slice.limit,
            offset: slice.offset,
            total: Some(total),
        })
    }

    /// Returns one creditor with its gates, provider events, API key and rate limits.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn creditor(&self, id: CreditorId) -> ApiResult<SupportCreditor> {
        let found = creditors::by_id(self.env().db.reader(), id).await?;
        self.creditor_view(found.ok_or(ApiError::not_found("creditor"))?)
            .await
    }

    async fn creditor_view(&self, row: creditor::Model) -> ApiResult<SupportCreditor> {
        let db = self.env().db.reader();
        let gates = rows::gates(db, row.id).await?;
        let keys = keys::of_creditor(db, row.id).await?;
        let events = rows::events_of(db, row.id, SHOWN_EVENTS).await?;
        let stripe = rows::linked_account(db, Provider::Stripe, row.id).await?;
        let endpoint = webhooks::primary(db, row.id).await?;
        Ok(SupportCreditor {
            id: row.id.0,
            status: account::account_status_of(&row, gates.iter())
                .as_str()
                .to_owned(),
            name: row.name,
            email: row.email,
            tier: row.tier,
            limits: stored_json::decode_nullable(
                "creditor.limits_override",
                row.limits_override.as_deref(),
            )?
            .unwrap_or_default(),
            stripe_account_id: stripe,
            gates: account::gate_statuses(&gates),
            api_key: account::key_status(&keys),
            provider_events: events.into_iter().map(provider_event_view).collect(),
            webhook_url: endpoint.as_ref().and_then(shown_url),
            created_at: rfc3339_ms(row.created_ms),
        })
    }

    /// Changes a creditor's status, tier, limit override or linked Stripe account.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Validation`].
    pub async fn patch_creditor(
        &self,
        id: CreditorId,
        patch: CreditorPatch,
    ) -> ApiResult<SupportCreditor> {
        let (actor, patch) = (self.actor.name().to_owned(), Box::new(patch));
        self.evaluate(|reply| EvaluatorMsg::PatchCreditor {
            creditor: id,
            actor,
            patch,
            reply,
        })
        .await?;
        let changed = self.creditor(id).await;
        changed.map_err(ApiError::after_a_change)
    }

    /// Sets a gate to `passed`. Used to correct a gate that a provider reported wrongly.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn set_gate(
        &self,
        id: CreditorId,
        gate: Gate,
        passed: bool,
        reason: String,
    ) -> ApiResult<SupportCreditor> {
        let actor = self.actor.name().to_owned();
        self.evaluate(|reply| EvaluatorMsg::SetGate {
            creditor: id,
            actor,
            gate,
            passed,
            reason,
            reply,
        })
        .await?;
        let changed = self.creditor(id).await;
        changed.map_err(ApiError::after_a_change)
    }

    /// Creates a new full-access key. The old key keeps working for `overlap_hours`. With 0 it stops at once.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::GatesPending`] if the creditor never had a key.
    pub async fn rotate_key(
        &self,
        id: CreditorId,
        reason: String,
        overlap_hours: u32,
    ) -> ApiResult<RevealedKey> {
        let actor = self.actor.clone();
        self.run_to_completion(&self.modules().keys, move |keys| async move {
            let (actor, reason) = (actor.name(), reason.as_str());
            let by = Initiator::Support { actor, reason };
            key_rotation::rotate(&keys, id, by, overlap_hours).await
        })
        .await
    }

    /// Revokes every API key of the creditor.
    ///
    /// # Errors
    /// [`ApiError::NotFound`].
    pub async fn revoke_keys(&self, id: CreditorId, reason: String) -> ApiResult<()> {
        let actor = self.actor.clone();
        self.run_to_completion(&self.modules().keys, move |keys| async move {
            let (actor, reason) = (actor.name(), reason.as_str());
            let by = Initiator::Support { actor, reason };
            key_rotation::revoke(&keys, id, by).await
        })
        .await
    }

    /// Returns a page of the deliveries of one creditor, or of all creditors.
    pub async fn deliveries(
        &self,
        creditor: Option<CreditorId>,
        filter: DeliveryFilter,
        slice: OffsetPage,
    ) -> ApiResult<Page<DeliveryView>> {
        delivery_log::list(self.env(), creditor, &filter, slice).await
    }
}

fn provider_event_view(row: entities::onboarding_event::Model) -> ProviderEventView {
    ProviderEventView {
        provider: row.provider.as_str().to_owned(),
        event_id: row.event_id,
        event_type: row.event_type,
        occurred_at: rfc3339_ms(row.occurred_ms),
        outcome: row.outcome.as_str().to_owned(),
    }
}
