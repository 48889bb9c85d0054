//! The outbox of a transaction: its audit entries, its events, and the new positions of its creditors.
//!
//! An [`Outbox`] belongs to one transaction. [`Outbox::open`] locks the positions of its creditors. [`Outbox::write`]
//! writes everything that was added, just before the commit. Because of the lock, `sequence` has no gaps and
//! `updated_ms` rises in commit order, so that a reader of the change feed never skips a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entities::creditor_position::PlacementCounts;
use entities::ids::{AuditEventId, CreditorId, DeliveryId, EndpointId, MessageId, PlacementId};
use entities::queries::{self, creditors, outbox, webhooks};
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

/// The audit entries and events of one transaction.
#[derive(Debug)]
pub(crate) struct Outbox {
    now_ms: i64,
    positions: BTreeMap<CreditorId, Position>,
    endpoints: HashMap<CreditorId, Vec<webhook_endpoint::Model>>,
    audits: Vec<audit_event::Model>,
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
    /// The trace of the events that are added from now on.
    trace: Option<TraceContext>,
}

#[derive(Debug)]
struct Position {
    row: creditor_position::Model,
    moved: bool,
}

/// An entry for the audit log.
#[derive(Debug)]
pub(crate) struct AuditEntry<'a> {
    pub(crate) action: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) creditor: Option<CreditorId>,
    pub(crate) placement: Option<PlacementId>,
    pub(crate) data: Value,
}

/// A message and its deliveries.
#[derive(Debug, Clone)]
pub(crate) struct CreatedMessage {
    pub(crate) message: MessageId,
    /// One delivery for each endpoint whose filter matches the event.
    pub(crate) deliveries: Vec<DeliveryId>,
}

impl Outbox {
    /// Locks the positions of `creditors` and reads the endpoints that receive their events.
    pub(crate) async fn open(
        transaction: &Transaction,
        creditors: &BTreeSet<CreditorId>,
        clock: &Clock,
    ) -> Result<Self, DbErr> {
        let ids: Vec<CreditorId> = creditors.iter().copied().collect();
        let positions = creditors::lock_positions(transaction, &ids).await?;
        Self::with_positions(transaction, positions, clock).await
    }

    /// The same without a wait: creditors whose positions another transaction has locked are left out and returned.
    pub(crate) async fn open_available(
        transaction: &Transaction,
        creditors: &BTreeSet<CreditorId>,
        clock: &Clock,
    ) -> Result<(Self, Vec<CreditorId>), DbErr> {
        let ids: Vec<CreditorId> = creditors.iter().copied().collect();
        let (positions, busy) = creditors::lock_available_positions(transaction, &ids).await?;
        let outbox = Self::with_positions(transaction, positions, clock).await?;
        Ok((outbox, busy))
    }

    async fn with_positions(
        transaction: &Transaction,
        positions: Vec<creditor_position::Model>,
        clock: &Clock,
    ) -> Result<Self, DbErr> {
        let now_ms = clock.now_ms();
        let ids: Vec<CreditorId> = positions.iter().map(|row| row.creditor_id).collect();
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

    /// The time of this transaction, in milliseconds since the epoch. It is read after the locks are acquired, because
    /// a wait for them can be long.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Sets the trace of the events that are added from now on.
    pub(crate) fn set_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// Whether the creditor exists and this outbox has locked its position.
    pub(crate) fn has_creditor(&self, creditor: CreditorId) -> bool {
        self.positions.contains_key(&creditor)
    }

    /// The time of this transaction's changes to the creditor, in milliseconds since the epoch. It is the same for the
    /// whole transaction, later than that of the previous transaction, and never before [`Outbox::now_ms`].
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

    /// Changes the creditors' numbers of placements.
    ///
    /// # Errors
    /// A stored number cannot be read.
    pub(crate) fn count_placements(
        &mut self,
        changes: &HashMap<CreditorId, PlacementCounts>,
    ) -> Result<(), DbErr> {
        for (creditor, change) in changes {
            self.updated_ms(*creditor);
            if let Some(position) = self.positions.get_mut(creditor) {
                let mut counts = PlacementCounts::parse(&position.row.placement_counts)?;
                counts.add_all(change);
                position.row.placement_counts = counts.to_text();
            }
        }
        Ok(())
    }

    /// Adds an entry to the audit log.
    pub(crate) fn audit(&mut self, entry: &AuditEntry<'_>) {
        let at_ms = entry
            .creditor
            .map_or(self.now_ms, |creditor| self.updated_ms(creditor));
        self.audits.push(audit_event::Model {
            id: AuditEventId(Uuid::now_v7()),
            action: entry.action.to_owned(),
            actor: entry.actor.to_owned(),
            creditor_id: entry.creditor,
            placement_id: entry.placement,
            at_ms,
            data: entry.data.to_string(),
            trace_id: self.trace.map(|trace| trace.trace_id()),
        });
    }

    /// Excludes an endpoint that this transaction has disabled from further events.
    pub(crate) fn forget_endpoint(&mut self, endpoint: EndpointId) {
        for known in self.endpoints.values_mut() {
            known.retain(|row| row.id != endpoint);
        }
    }

    /// Adds an event for every endpoint of the creditor whose filter matches. Returns `None` if the creditor is
    /// unknown.
    pub(crate) fn event(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        placement: Option<PlacementId>,
        data: Map<String, Value>,
    ) -> Option<CreatedMessage> {
        let matching: Vec<EndpointId> = self
            .endpoints
            .get(&creditor)
            .into_iter()
            .flatten()
            .filter(|endpoint| matches_filter(endpoint, event))
            .map(|endpoint| endpoint.id)
            .collect();
        self.event_to(creditor, event, placement, data, &matching)
    }

    /// Adds an event for the given endpoints, regardless of their filters. Returns `None` if the creditor is unknown.
    pub(crate) fn event_to(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        placement: Option<PlacementId>,
        mut data: Map<String, Value>,
        endpoints: &[EndpointId],
    ) -> Option<CreatedMessage> {
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
            initial_deliveries: i32::try_from(endpoints.len()).unwrap_or(i32::MAX),
            traceparent: self.trace.map(|trace| trace.to_string()),
        });
        let mut deliveries = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let known = self.endpoints.get(&creditor).into_iter().flatten();
            let mut known = known.filter(|row| row.id == *endpoint);
            let id = DeliveryId(Uuid::now_v7());
            deliveries.push(id);
            self.deliveries.push(delivery::Model {
                id,
                message_id: message,
                endpoint_id: *endpoint,
                creditor_id: creditor,
                state: delivery::DeliveryState::Pending,
                due_ms: self.now_ms,
                owner: None,
                claim_no: 0,
                attempt: 0,
                order_key: known.find_map(|row| ordering_key(row, placement)),
                sequence,
                response_status: None,
            });
        }
        Some(CreatedMessage {
            message,
            deliveries,
        })
    }

    /// Adds an event that the caller sends inline after the commit, because the owner waits for the result. It has no
    /// ordering key. If it has not been sent by `due_ms`, the queue sends it.
    pub(crate) fn inline_event(
        &mut self,
        creditor: CreditorId,
        event: EventType,
        endpoint: EndpointId,
        due_ms: i64,
    ) -> Option<CreatedMessage> {
        let sent = self.event_to(creditor, event, None, Map::new(), &[endpoint])?;
        let row = self.deliveries.last_mut()?;
        (row.order_key, row.due_ms) = (None, due_ms);
        Some(sent)
    }

    /// Writes everything that was added. The caller dispatches the returned deliveries after the commit.
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
            queries::insert_all(transaction, self.audits),
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

/// Builds the body that a receiver gets. It does not use `json!`, which would copy the data.
fn payload(event: EventType, at: Value, data: Map<String, Value>) -> Value {
    let fields = [
        ("type", event.as_str().into()),
        ("timestamp", at),
        ("data", data.into()),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.into_iter().collect())
}
