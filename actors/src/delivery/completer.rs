//! Writes completed leases to the database, in batches.
//!
//! Owns each outcome from the receiver's response until the commit. The actor collects outcomes from its mailbox.
//! One Flush writes up to [`BATCH`] of them, and the next batch collects in the meantime. An outcome that pauses or
//! disables its endpoint is written separately, in a transaction of its creditor ([`super::disable`]), so that the
//! outcomes of other creditors do not wait for that lock.
//!
//! An outcome that cannot be written keeps its lease and its capacity, and is retried. A database outage therefore
//! slows deliveries down but loses none. The Completer never sends.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::EndpointId;
use entities::queries::delivery::{self as queue, Completions, Failing};
use entities::{DbErr, Transaction};
use ractor::ActorProcessingErr;

use super::completed_lease::{CompletedLease, DisableReason};
use super::disable::{complete_and_disable, disable};
use super::handle::Delivery;
use super::health_reporter::{HealthChanges, HealthReporter};
use super::messages::{CompleterMsg, DispatcherMsg};
use crate::domain::endpoint_health::{FAILING_RESET_MS, should_disable};
use crate::supervision::{Actor, spawn_and_notify};

/// Maximum outcomes of one transaction. It is large because a busy disk makes every commit slow.
const BATCH: usize = 1_000;
/// After this number of consecutive failures, outcomes are written one at a time. One outcome that the database
/// refuses then does not block the others.
const FAILURES_TO_SINGLE: u32 = 3;
const BACKOFF_BASE: Duration = Duration::from_millis(50);
const BACKOFF_CAP: Duration = Duration::from_secs(5);

/// The actor that writes completed leases.
pub(crate) struct Completer {
    delivery: Arc<Delivery>,
    collected: Vec<CompletedLease>,
    /// A Flush is scheduled, or a batch is being written.
    busy: bool,
    failures: u32,
    health: HealthReporter,
    /// Endpoints that are being disabled because their receivers responded 410 Gone.
    disabling: HashSet<EndpointId>,
}

impl Actor for Completer {
    type Msg = CompleterMsg;

    async fn handle(&mut self, message: CompleterMsg) -> Result<(), ActorProcessingErr> {
        match message {
            CompleterMsg::Complete { ended } => self.collect(ended),
            CompleterMsg::Flush => self.flush(),
            CompleterMsg::Flushed { batch, written } => self.flushed(batch, written),
            CompleterMsg::Disable { ended, failures } => self.stop(ended, failures),
            CompleterMsg::DisableDone {
                endpoint,
                ended,
                failures,
            } => self.stopped(endpoint, ended, failures),
        }
        Ok(())
    }
}

impl Completer {
    pub(super) fn new(delivery: Arc<Delivery>) -> Self {
        Self {
            delivery,
            collected: Vec::new(),
            busy: false,
            failures: 0,
            health: HealthReporter::default(),
            disabling: HashSet::new(),
        }
    }

    fn collect(&mut self, ended: Vec<CompletedLease>) {
        for mut ended in ended {
            match ended.stop {
                None => self.collected.push(ended),
                // An earlier outcome is already disabling this endpoint.
                Some(DisableReason::ReceiverGone) if !self.disabling.insert(ended.endpoint()) => {
                    ended.stop = None;
                    self.collected.push(ended);
                }
                Some(_) => self.stop(Box::new(ended), 0),
            }
        }
        self.flush_soon(Duration::ZERO);
    }

    fn stop(&self, ended: Box<CompletedLease>, failures: u32) {
        let (delivery, endpoint) = (Arc::clone(&self.delivery), ended.endpoint());
        let done = move |ended, failures| CompleterMsg::DisableDone {
            endpoint,
            ended,
            failures,
        };
        let died = done(None, failures);
        spawn_and_notify(&self.delivery.completer, died, async move {
            let failures = match complete_and_disable(&delivery, &ended).await {
                Ok(()) => 0,
                Err(error) => {
                    tracing::warn!(%error, endpoint_id = %endpoint, "writing an outcome that disables its endpoint failed; it is retried");
                    failures.saturating_add(1)
                }
            };
            done(Some(ended), failures)
        });
    }

    fn stopped(&mut self, endpoint: EndpointId, ended: Option<Box<CompletedLease>>, failures: u32) {
        match ended {
            Some(ended) if failures > 0 => {
                let me = &self.delivery.completer;
                let again = CompleterMsg::Disable { ended, failures };
                me.send_after(pause_after(failures), again);
            }
            ended => {
                self.disabling.remove(&endpoint);
                self.settle(ended.map(|ended| *ended).into_iter().collect());
                let changed = DispatcherMsg::EndpointChanged { endpoint };
                let _ = self.delivery.dispatcher.send(changed);
            }
        }
    }

    /// Schedules one Flush, which runs after everything that is in the mailbox now.
    fn flush_soon(&mut self, pause: Duration) {
        if self.busy || self.collected.is_empty() {
            return;
        }
        self.busy = true;
        let me = &self.delivery.completer;
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
        let delivery = Arc::clone(&self.delivery);
        let changes = self.health.changes(&batch, delivery.env.clock.mono_ms());
        let died = CompleterMsg::Flushed {
            batch: Vec::new(),
            written: None,
        };
        spawn_and_notify(&self.delivery.completer, died, async move {
            let written = write(&delivery, &batch, changes).await;
            let written = written.inspect_err(|error| {
                tracing::warn!(%error, outcomes = batch.len(), "writing outcomes failed; they are retried");
            });
            CompleterMsg::Flushed {
                batch,
                written: written.ok(),
            }
        });
    }

    fn flushed(&mut self, batch: Vec<CompletedLease>, written: Option<HealthChanges>) {
        self.busy = false;
        match written {
            Some(changes) => {
                self.failures = 0;
                self.health
                    .said(&changes, self.delivery.env.clock.mono_ms());
                self.settle(batch);
                self.flush_soon(Duration::ZERO);
            }
            None => {
                self.failures = self.failures.saturating_add(1);
                // Append the batch, so that outcomes collected since then are tried first.
                self.collected.extend(batch);
                self.flush_soon(pause_after(self.failures));
            }
        }
    }

    /// Settles the leases of a committed batch and reports the freed capacity to the Dispatcher.
    fn settle(&self, batch: Vec<CompletedLease>) {
        let endpoints: HashSet<_> = batch.iter().map(CompletedLease::endpoint).collect();
        // The next delivery of each ordering key may now be sent.
        let in_order: HashSet<_> = batch
            .iter()
            .filter(|ended| ended.in_order)
            .map(CompletedLease::endpoint)
            .collect();
        let next_due_ms = batch.iter().filter_map(CompletedLease::due_ms).min();
        for ended in batch {
            ended.lease.complete();
        }
        let dispatcher = &self.delivery.dispatcher;
        let endpoints = endpoints.into_iter().collect();
        let _ = dispatcher.send(DispatcherMsg::CapacityFreed {
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

/// The pause after this number of consecutive failures.
fn pause_after(failures: u32) -> Duration {
    let doublings = failures.clamp(1, 10) - 1;
    (BACKOFF_BASE * (1 << doublings)).min(BACKOFF_CAP)
}

/// Writes a batch in one short transaction. Returns those `changes` whose leases were still valid. A process that was
/// suspended may hold leases that others have rescued, and its view of their endpoints is out of date.
async fn write(
    delivery: &Arc<Delivery>,
    batch: &[CompletedLease],
    changes: HealthChanges,
) -> Result<HealthChanges, DbErr> {
    let completions: Vec<_> = batch.iter().map(|ended| ended.completion.clone()).collect();
    let completions = Completions::of(&delivery.env.db, &completions);
    let transaction = delivery.env.db.begin().await?;
    let done: HashSet<_> = completions.write(&transaction).await?.into_iter().collect();
    let late = batch.len().saturating_sub(done.len());
    let changes = match late {
        0 => changes,
        _ => changes.of_those(batch, |ended| done.contains(&ended.delivery())),
    };
    let failing = note_health(delivery, &transaction, &changes).await?;
    transaction.commit().await?;
    if !failing.is_empty() {
        let delivery = Arc::clone(delivery);
        // In a separate task, so that outcomes do not wait for another creditor's lock.
        tokio::spawn(async move { disable_failing(&delivery, failing).await });
    }
    if late > 0 {
        tracing::info!(
            outcomes = late,
            "outcomes were not written, because their leases were no longer valid"
        );
    }
    Ok(changes)
}

/// Writes the changes and returns the endpoints that `changes` reports as failing.
async fn note_health(
    delivery: &Delivery,
    transaction: &Transaction,
    changes: &HealthChanges,
) -> Result<Vec<Failing>, DbErr> {
    queue::mark_healthy(transaction, &changes.healthy).await?;
    let mut failing = Vec::new();
    for endpoint in &changes.failing {
        let now_ms = delivery.env.clock.now_ms();
        failing
            .extend(queue::mark_failing(transaction, *endpoint, FAILING_RESET_MS, now_ms).await?);
    }
    Ok(failing)
}

/// Disables endpoints that have failed for too long. If the write fails, the next failure of the endpoint triggers
/// it again.
async fn disable_failing(delivery: &Delivery, failing: Vec<Failing>) {
    let now_ms = delivery.env.clock.now_ms();
    let given_up = |failing: &Failing| should_disable(failing.since_ms, now_ms);
    for Failing {
        endpoint, creditor, ..
    } in failing.into_iter().filter(given_up)
    {
        if let Err(error) =
            disable(delivery, creditor, endpoint, DisableReason::FailingForDays).await
        {
            tracing::warn!(%error, endpoint_id = %endpoint, "disabling an endpoint failed; its next failure retries it");
        }
    }
}
