//! A task that an actor repeats, with at most one run at a time and at most one pending timer.
//!
//! A timer that an earlier incarnation of the actor started may still fire. It must not start a second chain of runs
//! beside the first.

use std::time::Duration;

use ractor::{ActorProcessingErr, Message};
use tokio::task::JoinHandle;

use super::actor_handle::ActorHandle;
use super::spawn::spawn_and_notify;

/// The state of one periodic task of an actor with messages `M`.
#[derive(Debug)]
pub(crate) struct PeriodicTask<M: Message> {
    actor: ActorHandle<M>,
    running: bool,
    timer: Option<JoinHandle<()>>,
}

impl<M: Message> PeriodicTask<M> {
    /// A task of `actor` that is not scheduled yet.
    pub(crate) fn new(actor: &ActorHandle<M>) -> Self {
        Self {
            actor: actor.clone(),
            running: false,
            timer: None,
        }
    }

    /// Sends `first`, which starts the first run. For `pre_start`.
    pub(crate) fn begin(&self, first: M) -> Result<(), ActorProcessingErr> {
        Ok(self.actor.send(first)?)
    }

    /// Spawns a run whose message goes to the actor, unless one is in progress. Sends `died` if `work` panics.
    pub(crate) fn spawn(&mut self, died: M, work: impl Future<Output = M> + Send + 'static) {
        if self.try_start() {
            spawn_and_notify(&self.actor, died, work);
        }
    }

    /// Marks the task as running and cancels the pending timer. Returns false while a run is in progress.
    pub(crate) fn try_start(&mut self) -> bool {
        if self.running {
            return false;
        }
        self.stop_timer();
        self.running = true;
        true
    }

    /// Marks the run as finished. Sends `next`, which starts the next run, after `pause`.
    pub(crate) fn reschedule(&mut self, pause: Duration, next: M) {
        self.running = false;
        self.stop_timer();
        self.timer = Some(self.actor.send_after(pause, next));
    }

    fn stop_timer(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
    }
}
