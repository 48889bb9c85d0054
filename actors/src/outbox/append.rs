//! What every change leaves behind: audit lines, outbound events, and the creditor's position.
//!
//! A [`Outbox`] belongs to one transaction. Opening it takes the lock of its creditors'
//! positions; everything that it notes is written by [`Outbox::write`] just before the commit.
//! That lock is what makes `sequence` gapless and `updated_ms` rise with the order of commits, so
//! that a reader of the change feed never skips a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entities::ids::{CreditorId, DeliveryId, EndpointId, MessageId, PlacementId};
use entities::queries::{audit, creditors, outbox, webhooks};
use entities::webhook_endpoint::{self, EndpointState};
use entities::{DbErr, Transaction, audit_event, creditor_position, delivery, message};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::event_type::EventType;
use super::handle::OutboxContext;
use super::prelease::PostCommitDeliveries;
use super::subscription::{matches_filter, ordering_key};
use crate::domain::date::rfc3339_ms;
use crate::domain::trace_context::TraceContext;
use crate::infra::{Clock, trace};

/// The audit lines and events of one transaction.
#[derive(Debug)]
pub(crate) struct Outbox {
    now_ms: i64,
    positions: BTreeMap<CreditorId, Position>,
    endpoints: HashMap<CreditorId, Vec<webhook_endpoint::Model>>,
    audits: Vec<audit_event::Model>,
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
    /// The trace that what is noted now belongs to.
    trace: Option<TraceContext>,
}

#[derive(Debug)]
struct Position {
    row: creditor_position::Model,
    moved: bool,
}

/// One line for the audit log.
#[derive(Debug)]
pub(crate) struct AuditEntry<'a> {
    pub(crate) action: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) creditor: Option<CreditorId>,
    pub(crate) placement: Option<PlacementId>,
    pub(crate) data: Value,
}

/// What a message became.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) message: MessageId,
    /// One for each endpoint that matches_filter to it.
    pub(crate) deliveries: Vec<DeliveryId>,
}

impl Outbox {
    /// Locks the positions of `creditors` and reads the endpoints that their events go to.
    pub(crate) async fn open(
        transaction: &Transaction,
        creditors: &BTreeSet<CreditorId>,
        clock: &Clock,
    ) -> Result<Self, DbErr> {
        let ids: Vec<CreditorId> = creditors.iter().copied().collect();
        let positions = creditors::lock_positions(transaction, &ids).await?;
        let now_ms = clock.now_ms();
        let mut endpoints: HashMap<_, Vec<_>> = HashMap::new();
        for endpoint in webhooks::receiving(transaction, &ids).await? {
            endpoints
                .entry(endpoint.creditor_id)
                .or_default()
                .push(endpoint);
        }
        let positions = positions
            .into_iter()
            .map(|row| (row.creditor_id, Position { row, moved: false }))
            .collect();
        Ok(Self {
            now_ms,
            positions,
            endpoints,
            audits: Vec::new(),
            messages: Vec::new(),
            deliveries: Vec::new(),
            trace: trace::current(),
        })
    }

    /// The time of this transaction, read once the locks were held: a clock read before a long
    /// wait for them would lag behind.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// What follows belongs to this trace.
    pub(crate) fn follow(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// Whether the creditor exists, and is therefore locked.
    pub(crate) fn knows(&self, creditor: CreditorId) -> bool {
        self.positions.contains_key(&creditor)
    }

    /// The time of this transaction's changes to the creditor: one per transaction, after the
    /// last one's, and never before now.
    pub(crate) fn updated_ms(&mut self, creditor: CreditorId) -> i64 {
        let now_ms = self.now_ms;
        let Some(position) = self.positions.get_mut(&creditor) else {
            return now_ms;
        };
        if !position.moved {
            position.moved = true;
            position.row.updated_ms = now_ms.max(position.row.updated_ms + 1);
        }
        position.row.updated_ms
    }

    /// Notes a line for the audit log.
    pub(crate) fn audit(&mut self, line: &AuditEntry<'_>) {
        let at_ms = line
            .creditor
            .map_or(self.now_ms, |creditor| self.updated_ms(creditor));
        self.audits.push(audit_event::Model {
            id: Uuid::now_v7(),
            action: line.action.to_owned(),
            actor: line.actor.to_owned(),
            creditor_id: line.creditor,
            placement_id: line.placement,
            at_ms,
            data: line.data.to_string(),
        });
    }

    /// An endpoint that this transaction has switched off hears nothing more.
    pub(crate) fn forget_endpoint(&mut self, endpoint: EndpointId) {
        for known in self.endpoints.values_mut() {
            known.retain(|row| row.id != endpoint);
        }
    }

    /// Notes an event for every endpoint of the creditor that matches_filter to it.
    pub(crate) fn event(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        placement: Option<PlacementId>,
        data: Map<String, Value>,
    ) -> Option<Sent> {
        let listening: Vec<EndpointId> = self
            .endpoints
            .get(&creditor)
            .into_iter()
            .flatten()
            .filter(|endpoint| matches_filter(endpoint, event))
            .map(|endpoint| endpoint.id)
            .collect();
        self.event_to(creditor, event, placement, data, &listening)
    }

    /// Notes an event for these endpoints, whatever they listen to.
    pub(crate) fn event_to(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        placement: Option<PlacementId>,
        mut data: Map<String, Value>,
        endpoints: &[EndpointId],
    ) -> Option<Sent> {
        let at_ms = self.updated_ms(creditor);
        let position = self.positions.get_mut(&creditor)?;
        position.row.sequence += 1;
        let sequence = position.row.sequence;
        let at = Value::from(rfc3339_ms(at_ms));
        data.insert("sequence".into(), sequence.into());
        data.insert("updated_at".into(), at.clone());
        let payload = payload(event, at, data);
        let message = MessageId(Uuid::now_v7());
        self.messages.push(message::Model {
            id: message,
            creditor_id: creditor,
            event_type: event.as_str().to_owned(),
            sequence,
            payload: payload.to_string(),
            created_ms: at_ms,
            born_deliveries: i32::try_from(endpoints.len()).unwrap_or(i32::MAX),
            traceparent: self.trace.map(|trace| trace.to_string()),
        });
        let mut deliveries = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let line = self.line(creditor, *endpoint, placement);
            let row = self.fresh_delivery(message, creditor, *endpoint, line, sequence);
            deliveries.push(row.id);
            self.deliveries.push(row);
        }
        Some(Sent {
            message,
            deliveries,
        })
    }

    /// Notes an event for one endpoint that its owner waits for: whoever notes it sends it once it is committed, past every
    /// line. The queue does at `due_ms`, should nobody have.
    pub(crate) fn event_sent_inline(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        endpoint: EndpointId,
        due_ms: i64,
    ) -> Option<Sent> {
        let sent = self.event_to(creditor, event, None, Map::new(), &[endpoint])?;
        let row = self.deliveries.last_mut()?;
        (row.order_key, row.due_ms) = (None, due_ms);
        Some(sent)
    }

    /// The line in which a delivery of this endpoint stands.
    fn line(
        &self,
        creditor: CreditorId,
        endpoint: EndpointId,
        placement: Option<PlacementId>,
    ) -> Option<Uuid> {
        let known = self.endpoints.get(&creditor)?;
        let row = known.iter().find(|row| row.id == endpoint)?;
        ordering_key(row, placement)
    }

    fn fresh_delivery(
        &self,
        message_id: MessageId,
        creditor_id: CreditorId,
        endpoint_id: EndpointId,
        order_key: Option<Uuid>,
        sequence: i64,
    ) -> delivery::Model {
        delivery::Model {
            id: DeliveryId(Uuid::now_v7()),
            message_id,
            endpoint_id,
            creditor_id,
            state: delivery::DeliveryState::Pending,
            due_ms: self.now_ms,
            owner: None,
            claim_no: 0,
            attempt: 0,
            order_key,
            sequence,
            response_status: None,
        }
    }

    /// Writes everything. What it answers is handed over after the commit.
    pub(crate) async fn write(
        mut self,
        context: &OutboxContext,
        transaction: &Transaction,
    ) -> Result<PostCommitDeliveries, DbErr> {
        let moved = self
            .positions
            .into_values()
            .filter(|position| position.moved);
        let moved = moved.map(|position| position.row).collect();
        futures::try_join!(
            creditors::save_positions(transaction, moved),
            audit::append(transaction, self.audits),
        )?;
        let enabled = self.endpoints.values().flatten();
        let enabled = enabled.filter(|endpoint| endpoint.state == EndpointState::Enabled);
        let enabled = enabled.map(|endpoint| endpoint.id).collect();
        let outbound =
            PostCommitDeliveries::lease(context, &enabled, &self.messages, &mut self.deliveries);
        outbox::write(transaction, self.messages, self.deliveries).await?;
        Ok(outbound)
    }
}

/// What a receiver reads. Made by hand: `json!` would copy the data once more.
fn payload(event: EventType, at: Value, data: Map<String, Value>) -> Value {
    let fields = [
        ("type", event.as_str().into()),
        ("timestamp", at),
        ("data", data.into()),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.into_iter().collect())
}
