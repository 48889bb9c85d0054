//! The Writer: takes what waits in its mailbox and commits it together.
//!
//! It owns the order of its tenants' commands in this process. It never decides what a command
//! may do: that is [`super::apply`] with the pure rules.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use entities::ids::CreditorId;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::batch;
use super::command::{Command, CommandAnswer};
use crate::contract::ApiError;
use crate::outbox::OutboxContext;
use crate::supervision::ActorHandle;

/// Placements of one transaction, at most; a command that has more goes alone.
const BATCH: usize = 500;
/// Placements that may wait: twenty batches, well within the patience of their callers.
const MAX_WAITING: usize = 20 * BATCH;

/// Messages of a [`Writer`].
#[derive(Debug)]
pub(crate) enum WriterMsg {
    /// Do this, in the next batch.
    Submit {
        command: Box<Command>,
        reply: RpcReplyPort<CommandAnswer>,
    },
    /// Commit what has gathered. Sent to itself.
    Flush,
    /// CommandAnswer when everything submitted before has been answered.
    Drain { reply: RpcReplyPort<()> },
    /// Die at the worst instant of the next batch: committed, and nobody answered.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What a [`Writer`] starts with.
pub(crate) struct WriterArgs {
    pub(crate) outbox: Arc<OutboxContext>,
    pub(crate) me: ActorHandle<WriterMsg>,
}

/// What waits for the next batch.
pub(crate) struct WriterState {
    outbox: Arc<OutboxContext>,
    me: ActorHandle<WriterMsg>,
    waiting: VecDeque<Waiting>,
    rows_waiting: usize,
    flush_is_due: bool,
    draining: Vec<RpcReplyPort<()>>,
    #[cfg(feature = "fault-injection")]
    doomed: bool,
}

struct Waiting {
    command: Box<Command>,
    reply: RpcReplyPort<CommandAnswer>,
}

/// Commits commands in batches.
pub(crate) struct Writer;

impl Actor for Writer {
    type Msg = WriterMsg;
    type State = WriterState;
    type Arguments = WriterArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(WriterState {
            outbox: args.outbox,
            me: args.me,
            waiting: VecDeque::new(),
            rows_waiting: 0,
            flush_is_due: false,
            draining: Vec::new(),
            #[cfg(feature = "fault-injection")]
            doomed: false,
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WriterMsg::Submit { command, reply } => state.submit(Waiting { command, reply }),
            // The one place where an actor awaits its own work: committing is all that it is for.
            WriterMsg::Flush => state.flush().await,
            WriterMsg::Drain { reply } => state.drain(reply),
            #[cfg(feature = "fault-injection")]
            WriterMsg::Panic => state.doomed = true,
        }
        Ok(())
    }
}

impl WriterState {
    /// Everything that is already in the mailbox arrives before the flush that this schedules.
    /// Whoever comes when the queue is full is caller_error at once, while nothing has happened yet.
    fn submit(&mut self, waiting: Waiting) {
        if self.rows_waiting >= MAX_WAITING {
            let _ = waiting.reply.send(Err(ApiError::Overloaded));
            return;
        }
        self.rows_waiting += waiting.command.operation.rows();
        self.waiting.push_back(waiting);
        self.schedule_flush();
    }

    fn schedule_flush(&mut self) {
        if !self.flush_is_due {
            self.flush_is_due = self.me.send(WriterMsg::Flush).is_ok();
        }
    }

    async fn flush(&mut self) {
        self.flush_is_due = false;
        // Callers that have given up were caller_error that nobody knows: nothing must happen now.
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        let batch = by_creditor(take_fair(&mut self.waiting, BATCH));
        self.rows_waiting = rows(&self.waiting);
        if !batch.is_empty() {
            let commands: Vec<&Command> = batch
                .iter()
                .map(|waiting| waiting.command.as_ref())
                .collect();
            let result = batch::work(&self.outbox, &commands).await;
            #[cfg(feature = "fault-injection")]
            assert!(!self.doomed, "injected into a Writer");
            for (waiting, answer) in batch.into_iter().zip(result.answers) {
                let _ = waiting.reply.send(answer);
            }
            result.outbound.dispatch(&self.outbox);
        }
        if self.waiting.is_empty() {
            self.drained();
        } else {
            self.schedule_flush();
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

/// The placements that these commands may write.
fn rows(waiting: &VecDeque<Waiting>) -> usize {
    waiting
        .iter()
        .map(|waiting| waiting.command.operation.rows())
        .sum()
}

/// Up to `most` rows of what waits: one of each tenant in turn, so that none can fill a batch alone
/// while others wait, and each tenant's own in the order in which they came.
fn take_fair(waiting: &mut VecDeque<Waiting>, most: usize) -> Vec<Waiting> {
    if rows(waiting) <= most {
        return waiting.drain(..).collect();
    }
    let mut turn_of: HashMap<CreditorId, usize> = HashMap::new();
    let mut turns: Vec<(usize, usize)> = Vec::with_capacity(waiting.len());
    for (position, entry) in waiting.iter().enumerate() {
        let turn = turn_of.entry(entry.command.creditor).or_default();
        turns.push((*turn, position));
        *turn += 1;
    }
    turns.sort_unstable();
    let mut chosen = vec![false; waiting.len()];
    let mut room = most;
    for (_, position) in turns {
        let rows = waiting[position].command.operation.rows();
        // The first one goes however large it is; whoever does not fit keeps those behind it waiting.
        if rows > room && room < most {
            break;
        }
        chosen[position] = true;
        room = room.saturating_sub(rows);
        if room == 0 {
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

/// Each tenant's own one after the other, in their order: most indexes begin with the tenant, so one row's place is found
/// next to the last one's. The tenant that has waited longest begins, and those after it follow in a circle, so that no
/// tenant always has the first of the leases that are left.
fn by_creditor(mut batch: Vec<Waiting>) -> Vec<Waiting> {
    let place = |waiting: &Waiting| waiting.command.creditor.0.as_u128();
    let first = batch.first().map(place).unwrap_or_default();
    batch.sort_by_key(|waiting| place(waiting).wrapping_sub(first));
    batch
}

#[cfg(test)]
mod tests {
    use entities::ids::PlacementId;
    use uuid::Uuid;

    use super::super::command::Operation;
    use super::*;

    /// Invoices of one command.
    fn many(creditor: u128, rows: usize) -> Waiting {
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
    fn a_large_command_goes_alone_and_holds_nobody_up_for_ever() {
        let mut queue: VecDeque<_> =
            [many(1, 1_000), many(2, 300), many(3, 300), waiting(4, 4)].into();
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

    fn waiting(creditor: u128, placement: u128) -> Waiting {
        let (reply, _) = tokio::sync::oneshot::channel();
        Waiting {
            command: Box::new(Command {
                creditor: CreditorId(Uuid::from_u128(creditor)),
                actor: "test".to_owned(),
                operation: Operation::Recall {
                    placement: PlacementId(Uuid::from_u128(placement)),
                },
                idempotency: None,
                trace: None,
            }),
            reply: reply.into(),
        }
    }

    fn placements(batch: &[Waiting]) -> Vec<u128> {
        batch
            .iter()
            .filter_map(|w| w.command.operation.placement())
            .map(|id| id.0.as_u128())
            .collect()
    }

    #[test]
    fn a_batch_goes_tenant_by_tenant_and_each_keeps_its_order() {
        let mixed = [(2, 1), (1, 2), (2, 3), (1, 4), (3, 5)];
        let batch = mixed.map(|(creditor, placement)| waiting(creditor, placement));
        assert_eq!(placements(&by_creditor(batch.into())), [1, 3, 5, 2, 4]);
        assert!(by_creditor(Vec::new()).is_empty());
    }

    #[test]
    fn a_flood_of_one_tenant_leaves_room_for_the_others() {
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
