//! A transaction under a creditor's lock. Every change of a gate, a key or the account uses it.
//!
//! The commit adds the consequences of a change: it issues a key that is due, records a change of the account's status
//! and publishes the change to all nodes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entities::api_key;
use entities::ids::CreditorId;
use entities::queries::{creditors as creditor_rows, keys, node, onboarding};
use entities::{DbErr, Failure, Transaction, creditor, failure_of, gate};
use serde_json::{Map, Value, json};

use super::handle::{Creditors, TransactionPermit};
use super::status::{account_status_of, gates_from};
use crate::cluster::ChangeKind;
use crate::contract::ApiError;
use crate::domain::account::AccountStatus;
use crate::domain::gates::{Applied, Fact, FactState, Gate, Gates};
use crate::outbox::{AuditEntry, EventType, Outbox, OutboxContext};

/// The actor of automatic changes in the audit log.
pub(super) const SYSTEM_ACTOR: &str = "system:gate_evaluator";

/// A database transaction that holds a creditor's lock, with the creditor's rows.
#[derive(Debug)]
pub(crate) struct CreditorTransaction<'a> {
    creditors: &'a Creditors,
    _permit: TransactionPermit<'a>,
    pub(crate) db: Transaction,
    pub(crate) outbox: Outbox,
    pub(crate) creditor: creditor::Model,
    pub(crate) gates: Vec<gate::Model>,
    pub(crate) keys: Vec<api_key::Model>,
    status_before: AccountStatus,
    changed: BTreeSet<ChangeKind>,
}

impl<'a> CreditorTransaction<'a> {
    /// Begins a transaction and locks the creditor.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for an unknown creditor.
    pub(crate) async fn begin(
        creditors: &'a Creditors,
        creditor: CreditorId,
    ) -> Result<Self, ApiError> {
        let begun = Self::begin_if_known(creditors, creditor).await?;
        begun.ok_or(ApiError::not_found("creditor"))
    }

    /// The same, but returns `None` for an unknown creditor. For work that nobody waits for.
    pub(crate) async fn begin_if_known(
        creditors: &'a Creditors,
        creditor: CreditorId,
    ) -> Result<Option<Self>, ApiError> {
        let permit = creditors.permit(creditor).await?;
        let transaction = creditors.env.db.begin().await?;
        Ok(Self::begin_in(creditors, permit, transaction, creditor).await?)
    }

    /// Locks the creditor in a database transaction that has not locked any creditor yet. Returns `None` for an unknown
    /// creditor.
    pub(crate) async fn begin_in(
        creditors: &'a Creditors,
        permit: TransactionPermit<'a>,
        transaction: Transaction,
        creditor: CreditorId,
    ) -> Result<Option<Self>, DbErr> {
        let outbox = Outbox::open(
            &transaction,
            &BTreeSet::from([creditor]),
            &creditors.env.clock,
        )
        .await?;
        let Some(row) = creditor_rows::by_id(&transaction, creditor).await? else {
            return Ok(None);
        };
        let gates = onboarding::gates(&transaction, creditor).await?;
        let keys = keys::of_creditor(&transaction, creditor).await?;
        let status_before = account_status_of(&row, gates.iter());
        Ok(Some(Self {
            creditors,
            _permit: permit,
            db: transaction,
            outbox,
            creditor: row,
            gates,
            keys,
            status_before,
            changed: BTreeSet::new(),
        }))
    }

    /// The gates, including changes of this transaction.
    pub(crate) fn gates(&self) -> Gates {
        gates_from(self.gates.iter())
    }

    /// The account's status, including changes of this transaction.
    pub(crate) fn status(&self) -> AccountStatus {
        account_status_of(&self.creditor, self.gates.iter())
    }

    /// Marks a part of the creditor's data as changed. The commit publishes it to all nodes.
    pub(crate) fn mark_changed(&mut self, subject: ChangeKind) {
        self.changed.insert(subject);
    }

    /// Adds an audit entry about this creditor.
    pub(crate) fn audit(&mut self, action: &str, actor: &str, data: Value) {
        self.outbox.audit(&AuditEntry {
            action,
            actor,
            creditor: Some(self.creditor.id),
            placement: None,
            data,
        });
    }

    /// Adds an event of this creditor.
    pub(crate) fn event(&mut self, event: EventType, data: Value) {
        let data = match data {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        self.outbox.event(self.creditor.id, event, None, data);
    }

    /// Merges a fact into a gate. Has no effect if the fact is older than the known state or adds nothing to it.
    pub(crate) async fn apply_fact(
        &mut self,
        gate: Gate,
        fact: &Fact,
        source: &str,
    ) -> Result<Applied, DbErr> {
        let known = self.gates().state(gate);
        let reading_before = known.map(|state| state.reading());
        let passed_before = self.gates().passed(gate);
        let (state, applied) = FactState::merge(known, fact);
        if !matches!(applied, Applied::Newer | Applied::Merged) {
            return Ok(applied);
        }
        let row = gate::Model {
            creditor_id: self.creditor.id,
            gate: gate.as_str().to_owned(),
            fact_at_ms: state.at_ms,
            seen: i32::from(state.seen),
            source: source.to_owned(),
            changed_ms: match self.row_of(gate) {
                // A later fact repeats the known value, so the gate has not changed.
                Some(row) if reading_before == Some(state.reading()) => row.changed_ms,
                _ => self.outbox.updated_ms(self.creditor.id),
            },
        };
        onboarding::put_gate(&self.db, row.clone()).await?;
        self.gates.retain(|other| other.gate != row.gate);
        self.gates.push(row);
        let passed = self.gates().passed(gate);
        if passed != passed_before {
            let data = json!({"gate": gate.as_str(), "passed": passed});
            self.audit("creditor.gate_changed", source, data);
        }
        Ok(applied)
    }

    fn row_of(&self, gate: Gate) -> Option<&gate::Model> {
        self.gates.iter().find(|row| row.gate == gate.as_str())
    }

    /// Deletes the state of a gate if it comes from `source`. A later fact of another source is kept.
    pub(crate) async fn forget_gate(&mut self, gate: Gate, source: &str) -> Result<(), DbErr> {
        onboarding::delete_gate(&self.db, self.creditor.id, gate.as_str(), source).await?;
        let forgotten = |row: &gate::Model| row.gate == gate.as_str() && row.source == source;
        self.gates.retain(|row| !forgotten(row));
        Ok(())
    }

    /// Issues a key that is due, records a status change and commits. Then publishes the changes to this process at
    /// once and notifies the others. Returns whether a key was issued.
    pub(crate) async fn commit(mut self) -> Result<bool, DbErr> {
        let issued = self.issue_if_due().await?;
        self.report_status_change();
        let at_ms = self.outbox.now_ms();
        let context = &*self.creditors.outbox;
        let outbound = self.outbox.write(context, &self.db).await?;
        // Last, because the counter of the feed is one row for the whole cluster and stays locked until the commit.
        let for_others = context.env.db.is_postgres();
        for subject in self.changed.iter().filter(|_| for_others) {
            node::append_feed(&self.db, subject.as_str(), self.creditor.id, at_ms).await?;
        }
        if let Err(error) = self.db.commit().await {
            if failure_of(&error) == Failure::OutcomeUnknown {
                publish_later(context, self.creditor.id, self.changed);
            }
            return Err(error);
        }
        outbound.dispatch(context);
        context.cluster.publish(self.creditor.id, &self.changed);
        Ok(issued)
    }

    fn report_status_change(&mut self) {
        let (before, after) = (self.status_before, self.status());
        if before == after {
            return;
        }
        let data = json!({"previous_status": before.as_str(), "status": after.as_str()});
        self.audit("creditor.status_changed", SYSTEM_ACTOR, data.clone());
        self.event(EventType::AccountStatusChanged, data);
        self.mark_changed(ChangeKind::Keys);
    }
}

/// Publishes changes of which it is unknown whether they were committed. The commit can still take effect while the
/// database is slow, so they are published now and once more.
fn publish_later(context: &OutboxContext, creditor: CreditorId, changed: BTreeSet<ChangeKind>) {
    const LATER: [Duration; 3] = [
        Duration::ZERO,
        Duration::from_secs(5),
        Duration::from_secs(30),
    ];
    let cluster = Arc::clone(&context.cluster);
    tokio::spawn(async move {
        for pause in LATER {
            tokio::time::sleep(pause).await;
            cluster.publish(creditor, &changed);
        }
    });
}
