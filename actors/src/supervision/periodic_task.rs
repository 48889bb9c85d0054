//! A task that an actor repeats, with at most one run at a time and at most one pending timer.
//!
//! A timer that an earlier incarnation of the actor started may still fire. It must not start a second chain of runs
//! beside the first.

use tokio::task::JoinHandle;

/// The state of one periodic task.
#[derive(Debug, Default)]
pub(crate) struct PeriodicTask {
    running: bool,
    timer: Option<JoinHandle<()>>,
}

impl PeriodicTask {
    /// Marks the task as running and cancels the pending timer. Returns false while a run is in progress.
    pub(crate) fn try_start(&mut self) -> bool {
        if self.running {
            return false;
        }
        self.stop_timer();
        self.running = true;
        true
    }

    /// Marks the run as finished. `timer` starts the next run and replaces the pending timer.
    pub(crate) fn reschedule(&mut self, timer: JoinHandle<()>) {
        self.running = false;
        self.stop_timer();
        self.timer = Some(timer);
    }

    fn stop_timer(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.abort();
        }
    }
}
