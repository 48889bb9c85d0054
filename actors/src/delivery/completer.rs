//! Writes the ends of leases to the database, in batches.
//!
//! Owns the outcomes between the receiver's answer and the commit. What waits in the mailbox is
//! collected, and one Flush takes up to [`BATCH`] of it; while a batch is being written the next
//! one collects. An outcome that cannot be written keeps its lease, and with it its credit, and is
//! tried again: a database that is down slows deliveries, and loses none. Never sends.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use entities::queries::delivery::{self as queue, Failing};
use entities::{DbErr, Transaction};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::attempt::Ended;
use super::dispatcher::DispatcherMsg;
use super::health::{Health, News};
use super::switch_off::{Stop, switch_off};
use crate::domain::endpoint_health::is_given_up;
use crate::house::House;
use crate::supervision::spawn_reporting;

/// Outcomes of one transaction: as many as wait, for a disk that is busy makes every commit slow.
const BATCH: usize = 1_000;
/// After so many failures in a row outcomes are written one by one, so that one which the
/// database refuses does not keep the others back.
const FAILURES_TO_SINGLE: u32 = 3;
const BACKOFF_BASE: Duration = Duration::from_millis(50);
const BACKOFF_CAP: Duration = Duration::from_secs(5);

/// Messages of the [`Completer`].
#[derive(Debug)]
pub(crate) enum CompleterMsg {
    /// Leases that have ended.
    Settle {
        /// At least one.
        ended: Vec<Ended>,
    },
    /// Write what has been collected.
    Flush,
    /// A batch has been written, or not.
    Flushed {
        /// The batch; empty if its writer died, whose leases are then lost.
        batch: Vec<Ended>,
        /// What the database said.
        result: Result<(), FlushError>,
    },
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlushError {
    /// Try again.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The writer died with the batch.
    #[error("the writing of a batch died")]
    Died,
}

/// What the [`Completer`] starts with.
pub(crate) struct CompleterArgs {
    pub(crate) house: Arc<House>,
}

pub(crate) struct CompleterState {
    house: Arc<House>,
    collected: Vec<Ended>,
    /// A Flush is on its way, or a batch is being written.
    busy: bool,
    failures: u32,
    health: Health,
}

/// The actor.
pub(crate) struct Completer;

impl Actor for Completer {
    type Msg = CompleterMsg;
    type State = CompleterState;
    type Arguments = CompleterArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(CompleterState {
            house: args.house,
            collected: Vec::new(),
            busy: false,
            failures: 0,
            health: Health::default(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CompleterMsg::Settle { ended } => state.collect(ended),
            CompleterMsg::Flush => state.flush(),
            CompleterMsg::Flushed { batch, result } => state.flushed(batch, result),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            CompleterMsg::Panic => panic!("injected into the Completer"),
        }
        Ok(())
    }
}

impl CompleterState {
    fn collect(&mut self, ended: Vec<Ended>) {
        self.collected.extend(ended);
        self.flush_soon(Duration::ZERO);
    }

    /// Sends itself one Flush, which comes after everything that waits in the mailbox now.
    fn flush_soon(&mut self, pause: Duration) {
        if self.busy || self.collected.is_empty() {
            return;
        }
        self.busy = true;
        let me = &self.house.addresses.completer;
        if pause.is_zero() {
            let _ = me.send(CompleterMsg::Flush);
        } else {
            me.send_after(pause, CompleterMsg::Flush);
        }
    }

    fn flush(&mut self) {
        let most = if self.failures < FAILURES_TO_SINGLE {
            BATCH
        } else {
            1
        };
        let rest = self.collected.split_off(self.collected.len().min(most));
        let batch = std::mem::replace(&mut self.collected, rest);
        let house = Arc::clone(&self.house);
        let news = self.health.news(&batch, house.clock.now_ms());
        let died = CompleterMsg::Flushed {
            batch: Vec::new(),
            result: Err(FlushError::Died),
        };
        spawn_reporting(&self.house.addresses.completer, died, async move {
            let result = write(&house, &batch, &news).await.map_err(FlushError::from);
            CompleterMsg::Flushed { batch, result }
        });
    }

    fn flushed(&mut self, batch: Vec<Ended>, result: Result<(), FlushError>) {
        self.busy = false;
        match result {
            Ok(()) => {
                self.failures = 0;
                self.settle(batch);
                self.flush_soon(Duration::ZERO);
            }
            Err(error) => {
                tracing::warn!(%error, outcomes = batch.len(), "outcomes could not be written yet");
                self.failures = self.failures.saturating_add(1);
                // To the end, so that the others get their turn.
                self.collected.extend(batch);
                let doublings = self.failures.min(10) - 1;
                self.flush_soon((BACKOFF_BASE * (1 << doublings)).min(BACKOFF_CAP));
            }
        }
    }

    /// Ends the leases of a batch that is committed, and says whose credit came free.
    fn settle(&self, batch: Vec<Ended>) {
        let endpoints: HashSet<_> = batch.iter().map(Ended::endpoint).collect();
        let stopped: HashSet<_> = batch
            .iter()
            .filter(|ended| ended.stop.is_some())
            .map(Ended::endpoint)
            .collect();
        // The next in the line has waited for this.
        let in_order: HashSet<_> = batch
            .iter()
            .filter(|ended| ended.in_order)
            .map(Ended::endpoint)
            .collect();
        let next_due_ms = batch.iter().filter_map(Ended::due_ms).min();
        for ended in batch {
            ended.lease.settle();
        }
        let dispatcher = &self.house.addresses.dispatcher;
        for endpoint in stopped {
            let _ = dispatcher.send(DispatcherMsg::EndpointChanged { endpoint });
        }
        let endpoints = endpoints.into_iter().collect();
        let _ = dispatcher.send(DispatcherMsg::CreditFree {
            endpoints,
            next_due_ms,
        });
        if !in_order.is_empty() {
            let _ = dispatcher.send(DispatcherMsg::Wake {
                endpoints: in_order.into_iter().collect(),
                in_order: true,
            });
        }
    }
}

/// One short transaction; before it, one for each endpoint that is to get nothing more.
async fn write(house: &House, batch: &[Ended], news: &News) -> Result<(), DbErr> {
    for ended in batch {
        if let Some(stop) = ended.stop {
            let switched = switch_off(house, ended.creditor, ended.endpoint(), stop).await;
            switched.map_err(|error| DbErr::Custom(error.to_string()))?;
        }
    }
    let completions: Vec<_> = batch.iter().map(|ended| ended.completion.clone()).collect();
    let transaction = house.db.begin().await?;
    let done = queue::complete(&transaction, &completions).await?;
    let failing = note_health(house, &transaction, news).await?;
    transaction.commit().await?;
    give_up(house, failing).await;
    if done.len() < batch.len() {
        tracing::info!(
            late = batch.len() - done.len(),
            "outcomes of leases that had been rescued"
        );
    }
    Ok(())
}

/// Answers the endpoints of which it is news that they fail.
async fn note_health(
    house: &House,
    transaction: &Transaction,
    news: &News,
) -> Result<Vec<Failing>, DbErr> {
    queue::note_healthy(transaction, &news.healthy).await?;
    let mut failing = Vec::new();
    for endpoint in &news.failing {
        let now_ms = house.clock.now_ms();
        failing.extend(queue::note_failing(transaction, *endpoint, now_ms).await?);
    }
    Ok(failing)
}

/// Switches off what has failed for too long. What cannot be written now comes up again with the
/// next failure.
async fn give_up(house: &House, failing: Vec<Failing>) {
    let now_ms = house.clock.now_ms();
    let given_up = |failing: &Failing| is_given_up(failing.since_ms, now_ms);
    for Failing {
        endpoint, creditor, ..
    } in failing.into_iter().filter(given_up)
    {
        if let Err(error) = switch_off(house, creditor, endpoint, Stop::GivenUp).await {
            tracing::warn!(%error, %endpoint, "an endpoint could not be switched off yet");
        }
    }
}
