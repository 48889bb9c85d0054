//! What a batch reads before it decides: everything that its commands look at, in a handful of
//! statements, under the lock of the creditors' positions. Commands of one batch see each other's
//! effects here.

use std::collections::{BTreeSet, HashMap, HashSet};

use entities::dispute::DisputeStatus;
use entities::ids::{CreditorId, PlacementId};
use entities::queries::{creditors, ledger, onboarding, placements};
use entities::{
    DbErr, Transaction, creditor, dispute, idempotency_record, payment, placement,
    placement_history,
};
use uuid::Uuid;

use super::command::{BatchEntry, Command, Operation};
use crate::creditor::{IDEMPOTENCY_MS, account_status_of};
use crate::domain::account::AccountStatus;

/// What a creditor's account permits and presets.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) status: AccountStatus,
    pub(crate) posture_default: String,
}

/// The rows of a batch, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct WorkingSet {
    pub(crate) accounts: HashMap<CreditorId, Account>,
    placements: HashMap<PlacementId, placement::Model>,
    invoices: HashMap<(CreditorId, String), PlacementId>,
    disputes: HashMap<Uuid, dispute::Model>,
    pub(crate) records: HashMap<(CreditorId, String), idempotency_record::Model>,
    /// Stored answers that have outlived their day; the next one under the same key takes their place.
    outlived: HashSet<(CreditorId, String)>,
    new_placements: BTreeSet<PlacementId>,
    changed_placements: BTreeSet<PlacementId>,
    dirty_disputes: BTreeSet<Uuid>,
    new_records: BTreeSet<(CreditorId, String)>,
    pub(crate) history: Vec<placement_history::Model>,
    pub(crate) payments: Vec<payment::Model>,
    pub(crate) forgotten: Vec<(PlacementId, &'static str)>,
}

impl WorkingSet {
    /// Reads what `commands` look at. The caller holds the positions of their creditors.
    pub(crate) async fn load(
        transaction: &Transaction,
        commands: &[&Command],
        now_ms: i64,
    ) -> Result<Self, DbErr> {
        let wanted = Wanted::of(commands);
        // One after the other all the same; but what one has brought is taken in while the next is executed.
        let (gates, creditors, named, duplicates, disputes, records) = futures::try_join!(
            onboarding::gates_of(transaction, &wanted.creditors),
            creditors::by_ids(transaction, &wanted.creditors),
            placements::by_ids(transaction, &wanted.placements),
            placements::by_invoices(transaction, &wanted.invoices),
            ledger::disputes(transaction, &wanted.placements, &wanted.disputes),
            ledger::idempotency_records(transaction, &wanted.records),
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
            if row.created_ms > now_ms - IDEMPOTENCY_MS {
                set.records.insert(key, row);
            } else {
                set.outlived.insert(key);
            }
        }
        Ok(set)
    }

    /// A placement of this creditor; another creditor's is none.
    pub(crate) fn placement(
        &self,
        creditor: CreditorId,
        id: PlacementId,
    ) -> Option<&placement::Model> {
        self.placements
            .get(&id)
            .filter(|row| row.creditor_id == creditor)
    }

    /// The placement that holds the creditor's invoice.
    pub(crate) fn invoice(&self, creditor: CreditorId, number: &str) -> Option<PlacementId> {
        self.invoices.get(&(creditor, number.to_owned())).copied()
    }

    /// A new or changed placement.
    pub(crate) fn put_placement(&mut self, row: placement::Model) {
        self.invoices
            .insert((row.creditor_id, row.invoice_number.clone()), row.id);
        if !self.placements.contains_key(&row.id) {
            self.new_placements.insert(row.id);
        } else if !self.new_placements.contains(&row.id) {
            self.changed_placements.insert(row.id);
        }
        self.placements.insert(row.id, row);
    }

    /// A dispute of this creditor.
    pub(crate) fn dispute(&self, creditor: CreditorId, id: Uuid) -> Option<&dispute::Model> {
        self.disputes
            .get(&id)
            .filter(|row| row.creditor_id == creditor)
    }

    /// The open dispute of a placement.
    pub(crate) fn open_dispute(&self, placement: PlacementId) -> Option<&dispute::Model> {
        let mut all = self.disputes.values();
        all.find(|row| row.placement_id == placement && row.status == DisputeStatus::Open)
    }

    /// A new or changed dispute.
    pub(crate) fn put_dispute(&mut self, row: dispute::Model) {
        self.dirty_disputes.insert(row.id);
        self.disputes.insert(row.id, row);
    }

    /// A new stored answer, which later commands of the batch replay.
    pub(crate) fn put_record(&mut self, row: idempotency_record::Model) {
        let key = (row.creditor_id, row.key.clone());
        self.new_records.insert(key.clone());
        self.records.insert(key, row);
    }

    /// Stored answers of `operation` on a placement are no longer true.
    pub(crate) fn forget_answers(&mut self, placement: PlacementId, operation: &'static str) {
        self.forgotten.push((placement, operation));
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

    /// Writes what changed.
    pub(crate) async fn write(mut self, transaction: &Transaction) -> Result<(), DbErr> {
        // First what is forgotten: an answer stored later in the same batch must stay.
        for (placement, operation) in &self.forgotten {
            ledger::forget_answers(transaction, *placement, operation).await?;
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
        let (again, first): (Vec<_>, Vec<_>) = self
            .new_records
            .iter()
            .partition(|key| self.outlived.contains(*key));
        let mut taken = |keys: Vec<&(CreditorId, String)>| -> Vec<idempotency_record::Model> {
            keys.into_iter()
                .filter_map(|key| self.records.remove(key))
                .collect()
        };
        let (again, first) = (taken(again), taken(first));
        // One after the other all the same, in this order; but while one is executed, the others are made ready.
        futures::try_join!(
            async {
                ledger::append_placements(transaction, new).await?;
                ledger::save_placements(transaction, changed).await
            },
            ledger::append_history(transaction, self.history),
            ledger::append_payments(transaction, self.payments),
            ledger::put_disputes(transaction, disputes),
            ledger::append_idempotency_records(transaction, first),
            ledger::replace_idempotency_records(transaction, again),
        )?;
        Ok(())
    }
}

/// Keys of what a batch has to read.
#[derive(Debug, Default)]
struct Wanted {
    creditors: Vec<CreditorId>,
    placements: Vec<PlacementId>,
    invoices: Vec<(CreditorId, String)>,
    disputes: Vec<Uuid>,
    records: Vec<(CreditorId, String)>,
}

impl Wanted {
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
) -> Account {
    Account {
        status: account_status_of(row, gates),
        posture_default: row.posture_default.clone(),
    }
}
