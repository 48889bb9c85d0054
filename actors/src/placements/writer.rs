//! The Writer: batches the commands in its mailbox and commits them together.
//!
//! It owns the order of its tenants' commands in this process. It never decides what a command may do:
//! [`super::apply`] does, by the pure rules.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use entities::ids::CreditorId;
use ractor::{ActorProcessingErr, RpcReplyPort};

use super::batch::{self, Progressed};
use super::command::{Command, CommandAnswer};
use crate::contract::ApiError;
use crate::outbox::OutboxContext;
use crate::supervision::{Actor, ActorHandle};

/// Maximum number of placements in one transaction. A larger command runs alone.
const MAX_BATCH_ROWS: usize = 500;
/// Pause before commands of locked creditors are tried again, if nothing else is waiting.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Maximum number of queued placements: twenty batches, which commit well within the callers' `SUBMIT_TIMEOUT`.
const MAX_QUEUED_ROWS: usize = 20 * MAX_BATCH_ROWS;
/// Maximum number of queued placements of one tenant, so that it cannot fill the queue alone.
const MAX_TENANT_ROWS: usize = MAX_QUEUED_ROWS / 2;

/// Messages of a [`Writer`].
#[derive(Debug)]
pub(crate) enum WriterMsg {
    /// Queues a command for one of the next batches. The reply follows after the commit.
    Submit {
        command: Box<Command>,
        progress: Progress,
        reply: RpcReplyPort<CommandAnswer>,
    },
    /// Commits the next batch. The actor sends it to itself.
    Flush,
    /// Tries the commands of locked creditors again. The actor sends it to itself.
    Retry,
    /// Replies when the queue is empty.
    Drain { reply: RpcReplyPort<()> },
    /// Panics in the next batch after the commit and before any reply. This is the worst moment for callers.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Whether a command has begun to run, shared with the caller that waits for it. Either the Writer begins the command
/// or the caller abandons it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU8>);

impl Progress {
    const QUEUED: u8 = 0;
    const BEGUN: u8 = 1;
    const ABANDONED: u8 = 2;

    /// Returns false if the caller has abandoned the command, which then must not run.
    fn begin(&self) -> bool {
        self.leave_queue(Self::BEGUN)
    }

    /// Returns a command to the queue that had no effect. Its caller may have left meanwhile.
    fn requeue(&self) {
        let (begun, order) = (Self::BEGUN, Ordering::AcqRel);
        let _ = self
            .0
            .compare_exchange(begun, Self::QUEUED, order, Ordering::Acquire);
    }

    /// Returns false if the command has begun to run, so that its outcome is unknown to a caller without an answer.
    pub(super) fn abandon(&self) -> bool {
        self.leave_queue(Self::ABANDONED)
    }

    fn leave_queue(&self, next: u8) -> bool {
        let (queued, order) = (Self::QUEUED, Ordering::AcqRel);
        let left = self
            .0
            .compare_exchange(queued, next, order, Ordering::Acquire);
        left.is_ok()
    }
}

/// The actor that commits commands in batches. It owns the queue for the next batches.
pub(crate) struct Writer {
    outbox: Arc<OutboxContext>,
    me: ActorHandle<WriterMsg>,
    waiting: VecDeque<QueuedCommand>,
    rows_waiting: QueuedRows,
    flush_is_due: bool,
    /// Whether only commands of locked creditors are waiting.
    only_busy: bool,
    retry_is_due: bool,
    draining: Vec<RpcReplyPort<()>>,
    #[cfg(feature = "fault-injection")]
    panic_in_next_batch: bool,
}

/// How many placements the queued commands may write.
#[derive(Debug, Default)]
struct QueuedRows {
    total: usize,
    of_tenants: HashMap<CreditorId, usize>,
}

impl QueuedRows {
    fn of(waiting: &VecDeque<QueuedCommand>) -> Self {
        let mut rows = Self::default();
        for waiting in waiting {
            rows.add(&waiting.command);
        }
        rows
    }

    fn add(&mut self, command: &Command) {
        let rows = command.operation.rows();
        self.total += rows;
        *self.of_tenants.entry(command.creditor).or_default() += rows;
    }

    fn is_full_for(&self, tenant: CreditorId) -> bool {
        let of_tenant = self.of_tenants.get(&tenant).copied();
        self.total >= MAX_QUEUED_ROWS || of_tenant.unwrap_or_default() >= MAX_TENANT_ROWS
    }
}

struct QueuedCommand {
    command: Box<Command>,
    progress: Progress,
    reply: RpcReplyPort<CommandAnswer>,
}

impl Actor for Writer {
    type Msg = WriterMsg;

    async fn handle(&mut self, message: WriterMsg) -> Result<(), ActorProcessingErr> {
        match message {
            WriterMsg::Submit {
                command,
                progress,
                reply,
            } => self.submit(QueuedCommand {
                command,
                progress,
                reply,
            }),
            // No other actor awaits its own work. A Writer does nothing but commit, so its mailbox may wait.
            WriterMsg::Flush => self.flush().await,
            WriterMsg::Retry => {
                self.retry_is_due = false;
                self.schedule_flush();
            }
            WriterMsg::Drain { reply } => self.drain(reply),
            #[cfg(feature = "fault-injection")]
            WriterMsg::Panic => self.panic_in_next_batch = true,
        }
        Ok(())
    }
}

impl Writer {
    pub(super) fn new(outbox: Arc<OutboxContext>, me: ActorHandle<WriterMsg>) -> Self {
        Self {
            outbox,
            me,
            waiting: VecDeque::new(),
            rows_waiting: QueuedRows::default(),
            flush_is_due: false,
            only_busy: false,
            retry_is_due: false,
            draining: Vec::new(),
            #[cfg(feature = "fault-injection")]
            panic_in_next_batch: false,
        }
    }

    /// Queues a command and schedules a flush. Messages that are already in the mailbox arrive before the flush, so
    /// they join its batch. If the queue or the tenant's share of it is full, the caller receives
    /// [`ApiError::Overloaded`] immediately.
    fn submit(&mut self, waiting: QueuedCommand) {
        if self.rows_waiting.is_full_for(waiting.command.creditor) {
            let _ = waiting.reply.send(Err(ApiError::Overloaded));
            return;
        }
        self.rows_waiting.add(&waiting.command);
        self.waiting.push_back(waiting);
        self.schedule_flush();
    }

    fn schedule_flush(&mut self) {
        if !self.flush_is_due {
            self.flush_is_due = self.me.send(WriterMsg::Flush).is_ok();
        }
    }

    /// Schedules a flush after a pause. A command that arrives meanwhile flushes at once.
    fn schedule_retry(&mut self) {
        if !self.retry_is_due {
            self.retry_is_due = true;
            self.me.send_after(BUSY_PAUSE, WriterMsg::Retry);
        }
    }

    async fn flush(&mut self) {
        self.flush_is_due = false;
        // Callers that disconnected or timed out do not want a late effect.
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        self.only_busy = false;
        let mut batch = by_creditor(take_fair(&mut self.waiting, MAX_BATCH_ROWS));
        batch.retain(|waiting| waiting.progress.begin());
        self.rows_waiting = QueuedRows::of(&self.waiting);
        if !batch.is_empty() {
            let commands: Vec<&Command> = batch
                .iter()
                .map(|waiting| waiting.command.as_ref())
                .collect();
            let result = batch::commit(&self.outbox, &commands).await;
            #[cfg(feature = "fault-injection")]
            assert!(!self.panic_in_next_batch, "injected into a Writer");
            let mut busy = Vec::new();
            for (waiting, progressed) in batch.into_iter().zip(result.answers) {
                match progressed {
                    Progressed::Answered(answer) => {
                        let _ = waiting.reply.send(answer);
                    }
                    Progressed::CreditorBusy => busy.push(waiting),
                }
            }
            result.outbound.dispatch(&self.outbox);
            self.requeue(busy);
        }
        if self.waiting.is_empty() {
            self.drained();
        } else if self.only_busy {
            self.schedule_retry();
        } else {
            self.schedule_flush();
        }
    }

    /// Returns commands to the front of the queue, in their order, because their creditors are locked by another
    /// process. The others of the batch did not wait for them.
    fn requeue(&mut self, busy: Vec<QueuedCommand>) {
        self.only_busy = self.waiting.is_empty() && !busy.is_empty();
        for waiting in busy.into_iter().rev() {
            waiting.progress.requeue();
            self.rows_waiting.add(&waiting.command);
            self.waiting.push_front(waiting);
        }
    }

    fn drain(&mut self, reply: RpcReplyPort<()>) {
        self.draining.push(reply);
        if self.waiting.is_empty() {
            self.drained();
        }
    }

    fn drained(&mut self) {
        for reply in self.draining.drain(..) {
            let _ = reply.send(());
        }
    }
}

/// Number of placements that the queued commands may write.
fn rows(waiting: &VecDeque<QueuedCommand>) -> usize {
    waiting
        .iter()
        .map(|waiting| waiting.command.operation.rows())
        .sum()
}

/// Takes commands with up to `max_rows` rows from the queue, round-robin over the tenants.
///
/// No tenant can fill a batch alone while others wait. The commands of each tenant keep their order.
fn take_fair(waiting: &mut VecDeque<QueuedCommand>, max_rows: usize) -> Vec<QueuedCommand> {
    if rows(waiting) <= max_rows {
        return waiting.drain(..).collect();
    }
    let mut next_round: HashMap<CreditorId, usize> = HashMap::new();
    let mut rounds: Vec<(usize, usize)> = Vec::with_capacity(waiting.len());
    for (position, entry) in waiting.iter().enumerate() {
        let round = next_round.entry(entry.command.creditor).or_default();
        rounds.push((*round, position));
        *round += 1;
    }
    rounds.sort_unstable();
    let mut chosen = vec![false; waiting.len()];
    let mut remaining = max_rows;
    for (_, position) in rounds {
        let rows = waiting[position].command.operation.rows();
        // The first command runs even if it is larger than a batch. A later one that does not fit ends the batch, so
        // that smaller commands behind it cannot overtake it forever.
        if rows > remaining && remaining < max_rows {
            break;
        }
        chosen[position] = true;
        remaining = remaining.saturating_sub(rows);
        if remaining == 0 {
            break;
        }
    }
    let (taken, left): (Vec<_>, Vec<_>) = waiting
        .drain(..)
        .zip(chosen)
        .partition(|(_, chosen)| *chosen);
    waiting.extend(left.into_iter().map(|(entry, _)| entry));
    taken.into_iter().map(|(entry, _)| entry).collect()
}

/// Groups a batch by tenant. The commands of each tenant keep their order.
///
/// Most indexes begin with the tenant, so neighboring rows share index pages. The tenant of the first command comes
/// first, and the others follow in circular id order, so that no tenant always gets the first pre-leases.
fn by_creditor(mut batch: Vec<QueuedCommand>) -> Vec<QueuedCommand> {
    let sort_key = |waiting: &QueuedCommand| waiting.command.creditor.0.as_u128();
    let first = batch.first().map(sort_key).unwrap_or_default();
    batch.sort_by_key(|waiting| sort_key(waiting).wrapping_sub(first));
    batch
}

#[cfg(test)]
mod tests {
    use entities::ids::PlacementId;
    use uuid::Uuid;

    use super::super::command::Operation;
    use super::*;
    use crate::domain::placement::creditor_action::CreditorAction;

    /// A `BatchCreate` command with `rows` rows.
    fn batch_command(creditor: u128, rows: usize) -> QueuedCommand {
        let mut waiting = waiting(creditor, 0);
        let refused = crate::contract::BatchRowError {
            code: "validation_failed".to_owned(),
            detail: String::new(),
            placement_id: None,
            errors: Vec::new(),
        };
        let rows = vec![crate::placements::BatchEntry::Refuse(refused); rows];
        waiting.command.operation = Operation::BatchCreate { rows };
        waiting
    }

    #[test]
    fn tenant_fills_its_share_of_the_queue_and_no_more() {
        let mut queued = QueuedRows::default();
        let tenant = batch_command(1, 0).command.creditor;
        let other = batch_command(2, 0).command.creditor;
        for _ in 0..5 {
            assert!(!queued.is_full_for(tenant));
            queued.add(&batch_command(1, 1_000).command);
        }
        assert!(queued.is_full_for(tenant) && !queued.is_full_for(other));
        for _ in 0..5 {
            queued.add(&batch_command(2, 1_000).command);
        }
        assert!(queued.is_full_for(batch_command(3, 0).command.creditor));
    }

    #[test]
    fn oversized_command_runs_alone_and_later_commands_still_run() {
        let mut queue: VecDeque<_> = [
            batch_command(1, 1_000),
            batch_command(2, 300),
            batch_command(3, 300),
            waiting(4, 4),
        ]
        .into();
        let taken = |queue: &mut _| {
            take_fair(queue, 500)
                .iter()
                .map(|w| w.command.operation.rows())
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(&mut queue), [1_000]);
        assert_eq!(taken(&mut queue), [300]);
        assert_eq!(taken(&mut queue), [300, 1]);
        assert!(queue.is_empty());
    }

    fn waiting(creditor: u128, placement: u128) -> QueuedCommand {
        let (reply, _) = tokio::sync::oneshot::channel();
        QueuedCommand {
            command: Box::new(Command {
                creditor: CreditorId(Uuid::from_u128(creditor)),
                actor: "test".to_owned(),
                operation: Operation::Act {
                    action: CreditorAction::Recall,
                    placement: PlacementId(Uuid::from_u128(placement)),
                },
                idempotency: None,
                trace: None,
            }),
            progress: Progress::default(),
            reply: reply.into(),
        }
    }

    fn placements(batch: &[QueuedCommand]) -> Vec<u128> {
        batch
            .iter()
            .filter_map(|w| w.command.operation.placement())
            .map(|id| id.0.as_u128())
            .collect()
    }

    #[test]
    fn batch_is_grouped_by_tenant_and_keeps_each_tenants_order() {
        let mixed = [(2, 1), (1, 2), (2, 3), (1, 4), (3, 5)];
        let batch = mixed.map(|(creditor, placement)| waiting(creditor, placement));
        assert_eq!(placements(&by_creditor(batch.into())), [1, 3, 5, 2, 4]);
        assert!(by_creditor(Vec::new()).is_empty());
    }

    #[test]
    fn flood_of_one_tenant_leaves_capacity_for_others() {
        let mut queue: VecDeque<_> = (0..10).map(|n| waiting(1, n)).collect();
        queue.push_back(waiting(2, 100));
        queue.push_back(waiting(3, 200));
        let batch = take_fair(&mut queue, 4);
        assert_eq!(placements(&batch), [0, 1, 100, 200]);
        let rest = take_fair(&mut queue, 100);
        assert_eq!(
            placements(&rest),
            [2, 3, 4, 5, 6, 7, 8, 9],
            "a tenant's own order is kept"
        );
    }
}
