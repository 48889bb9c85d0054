//! The working set of a batch: all rows that its commands read and write.
//!
//! It is loaded in a few statements while the transaction holds the locks on the creditors' positions. Commands of one
//! batch see each other's effects in it. It never decides whether a command is allowed.

use std::collections::{BTreeSet, HashMap, HashSet};

use entities::creditor_position::PlacementCounts;
use entities::dispute::DisputeStatus;
use entities::ids::{CreditorId, DisputeId, PlacementId};
use entities::queries::{self, creditors, onboarding, placements, writer};
use entities::{
    DbErr, Transaction, creditor, dispute, idempotency_record, payment, placement,
    placement_history,
};

use super::command::{BatchEntry, Command, Operation};
use crate::creditor::{account_status_of, is_expired};
use crate::domain::account::AccountStatus;
use crate::domain::placement::draft::Posture;

/// The status and the defaults of a creditor's account.
#[derive(Debug)]
pub(crate) struct AccountSnapshot {
    pub(crate) status: AccountStatus,
    pub(crate) posture_default: Posture,
}

/// The rows of a batch and their changes.
#[derive(Debug, Default)]
pub(crate) struct WorkingSet {
    pub(crate) accounts: HashMap<CreditorId, AccountSnapshot>,
    placements: HashMap<PlacementId, placement::Model>,
    invoices: HashMap<(CreditorId, String), PlacementId>,
    disputes: HashMap<DisputeId, dispute::Model>,
    pub(crate) records: HashMap<(CreditorId, String), idempotency_record::Model>,
    /// Keys of stored answers that have expired. A new answer under the same key replaces the row.
    expired_records: HashSet<(CreditorId, String)>,
    new_placements: BTreeSet<PlacementId>,
    changed_placements: BTreeSet<PlacementId>,
    dirty_disputes: BTreeSet<DisputeId>,
    new_records: BTreeSet<(CreditorId, String)>,
    /// The change of each creditor's number of placements by status.
    counted: HashMap<CreditorId, PlacementCounts>,
    pub(crate) history: Vec<placement_history::Model>,
    pub(crate) payments: Vec<payment::Model>,
    pub(crate) invalidated: Vec<(PlacementId, &'static str)>,
}

impl WorkingSet {
    /// Loads the rows that `commands` need. The caller holds the locks on their creditors' positions.
    pub(crate) async fn load(
        transaction: &Transaction,
        commands: &[&Command],
        now_ms: i64,
    ) -> Result<Self, DbErr> {
        let wanted = RequiredKeys::of(commands);
        // A connection executes one statement at a time. Joining the futures decodes one result while the next
        // statement executes.
        let (gates, creditors, named, duplicates, disputes, records) = futures::try_join!(
            onboarding::gates_of(transaction, &wanted.creditors),
            creditors::by_ids(transaction, &wanted.creditors),
            placements::by_ids(transaction, &wanted.placements),
            placements::by_invoices(transaction, &wanted.invoices),
            writer::disputes(transaction, &wanted.placements, &wanted.disputes),
            writer::idempotency_records(transaction, &wanted.records),
        )?;
        let mut set = Self::default();
        for row in creditors {
            let own = gates.iter().filter(|gate| gate.creditor_id == row.id);
            set.accounts.insert(row.id, account(&row, own));
        }
        for row in named.into_iter().chain(duplicates) {
            set.invoices
                .insert((row.creditor_id, row.invoice_number.clone()), row.id);
            set.placements.insert(row.id, row);
        }
        set.disputes
            .extend(disputes.into_iter().map(|row| (row.id, row)));
        for row in records {
            let key = (row.creditor_id, row.key.clone());
            if is_expired(&row, now_ms) {
                set.expired_records.insert(key);
            } else {
                set.records.insert(key, row);
            }
        }
        set.load_replayed(transaction).await?;
        Ok(set)
    }

    /// Loads the placements of stored answers that no command names. A replay shows them as they are now.
    async fn load_replayed(&mut self, transaction: &Transaction) -> Result<(), DbErr> {
        let of_records = self
            .records
            .values()
            .filter_map(|record| record.placement_id);
        let missing: Vec<_> = of_records
            .filter(|id| !self.placements.contains_key(id))
            .collect();
        for row in placements::by_ids(transaction, &missing).await? {
            self.placements.insert(row.id, row);
        }
        Ok(())
    }

    /// The placement `id`, if it belongs to `creditor`.
    pub(crate) fn placement(
        &self,
        creditor: CreditorId,
        id: PlacementId,
    ) -> Option<&placement::Model> {
        self.placements
            .get(&id)
            .filter(|row| row.creditor_id == creditor)
    }

    /// The placement of the creditor's invoice `number`.
    pub(crate) fn invoice(&self, creditor: CreditorId, number: &str) -> Option<PlacementId> {
        self.invoices.get(&(creditor, number.to_owned())).copied()
    }

    /// Adds or replaces a placement.
    pub(crate) fn put_placement(&mut self, row: placement::Model) {
        self.invoices
            .insert((row.creditor_id, row.invoice_number.clone()), row.id);
        let before = self.placements.get(&row.id).map(|row| row.status);
        if before.is_none() {
            self.new_placements.insert(row.id);
        } else if !self.new_placements.contains(&row.id) {
            self.changed_placements.insert(row.id);
        }
        if before != Some(row.status) {
            let counts = self.counted.entry(row.creditor_id).or_default();
            counts.add(row.status, 1);
            if let Some(before) = before {
                counts.add(before, -1);
            }
        }
        self.placements.insert(row.id, row);
    }

    /// The dispute `id`, if it belongs to `creditor`.
    pub(crate) fn dispute(&self, creditor: CreditorId, id: DisputeId) -> Option<&dispute::Model> {
        self.disputes
            .get(&id)
            .filter(|row| row.creditor_id == creditor)
    }

    /// The open dispute of a placement.
    pub(crate) fn open_dispute(&self, placement: PlacementId) -> Option<&dispute::Model> {
        let mut all = self.disputes.values();
        all.find(|row| row.placement_id == placement && row.status == DisputeStatus::Open)
    }

    /// Adds or replaces a dispute.
    pub(crate) fn put_dispute(&mut self, row: dispute::Model) {
        self.dirty_disputes.insert(row.id);
        self.disputes.insert(row.id, row);
    }

    /// Stores an answer. Later commands of the batch with the same key replay it.
    pub(crate) fn put_record(&mut self, row: idempotency_record::Model) {
        let key = (row.creditor_id, row.key.clone());
        self.new_records.insert(key.clone());
        self.records.insert(key, row);
    }

    /// Removes the stored answers of `operation` on a placement, because they are stale.
    pub(crate) fn invalidate_answers(&mut self, placement: PlacementId, operation: &'static str) {
        self.invalidated.push((placement, operation));
        let stale = |row: &idempotency_record::Model| {
            row.placement_id == Some(placement) && row.operation == operation
        };
        let new_records = &mut self.new_records;
        self.records.retain(|key, row| {
            let keep = !stale(row);
            if !keep {
                new_records.remove(key);
            }
            keep
        });
    }

    /// The change of each creditor's number of placements by status.
    pub(crate) fn take_counted(&mut self) -> HashMap<CreditorId, PlacementCounts> {
        std::mem::take(&mut self.counted)
    }

    /// Writes all changes.
    pub(crate) async fn write(mut self, transaction: &Transaction) -> Result<(), DbErr> {
        // Delete first, so that an answer that the same batch stores later is kept.
        for (placement, operation) in &self.invalidated {
            writer::delete_answers(transaction, *placement, operation).await?;
        }
        let mut taken = |ids: BTreeSet<PlacementId>| -> Vec<placement::Model> {
            ids.iter()
                .filter_map(|id| self.placements.remove(id))
                .collect()
        };
        let (new, changed) = (taken(self.new_placements), taken(self.changed_placements));
        let disputes = self
            .dirty_disputes
            .iter()
            .filter_map(|id| self.disputes.remove(id))
            .collect();
        let (replaced, added): (Vec<_>, Vec<_>) = self
            .new_records
            .iter()
            .partition(|key| self.expired_records.contains(*key));
        let mut taken = |keys: Vec<&(CreditorId, String)>| -> Vec<idempotency_record::Model> {
            keys.into_iter()
                .filter_map(|key| self.records.remove(key))
                .collect()
        };
        let (replaced, added) = (taken(replaced), taken(added));
        // A connection executes one statement at a time, here in this order. Joining the futures prepares the others
        // meanwhile.
        futures::try_join!(
            async {
                queries::insert_all(transaction, new).await?;
                writer::save_placements(transaction, changed).await
            },
            queries::insert_all(transaction, self.history),
            queries::insert_all(transaction, self.payments),
            writer::put_disputes(transaction, disputes),
            queries::insert_all(transaction, added),
            writer::replace_idempotency_records(transaction, replaced),
        )?;
        Ok(())
    }
}

/// Keys of the rows that a batch has to load.
#[derive(Debug, Default)]
struct RequiredKeys {
    creditors: Vec<CreditorId>,
    placements: Vec<PlacementId>,
    invoices: Vec<(CreditorId, String)>,
    disputes: Vec<DisputeId>,
    records: Vec<(CreditorId, String)>,
}

impl RequiredKeys {
    fn of(commands: &[&Command]) -> Self {
        let mut wanted = Self::default();
        let (mut creditors, mut placements) = (BTreeSet::new(), BTreeSet::new());
        for command in commands {
            creditors.insert(command.creditor);
            placements.extend(command.operation.placement());
            wanted.invoices_of(command);
            if let Operation::AnswerDispute { dispute, .. } = &command.operation {
                wanted.disputes.push(*dispute);
            }
            let record = command.idempotency.as_ref();
            let record = record.map(|asked| (command.creditor, asked.key.as_str().to_owned()));
            wanted.records.extend(record);
        }
        wanted.creditors.extend(creditors);
        wanted.placements.extend(placements);
        wanted
    }

    fn invoices_of(&mut self, command: &Command) {
        let mut want = |number: &String| self.invoices.push((command.creditor, number.clone()));
        match &command.operation {
            Operation::Place { new } => want(&new.invoice_number),
            Operation::BatchCreate { rows } => rows.iter().for_each(|row| match row {
                BatchEntry::Place(new) => want(&new.invoice_number),
                BatchEntry::Refuse(_) => {}
            }),
            _ => {}
        }
    }
}

fn account<'a>(
    row: &creditor::Model,
    gates: impl Iterator<Item = &'a entities::gate::Model>,
) -> AccountSnapshot {
    AccountSnapshot {
        status: account_status_of(row, gates),
        posture_default: row.posture_default.into(),
    }
}
