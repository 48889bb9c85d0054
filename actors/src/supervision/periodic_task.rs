//! Something that is done again and again, never twice at a time, whoever asks for it in between.
//!
//! A timer of an earlier incarnation may still fire into this one; it must not start a second
//! round that goes on for ever beside the first.

use tokio::task::JoinHandle;

/// One such chain.
#[derive(Debug, Default)]
pub(crate) struct PeriodicTask {
    running: bool,
    timer: Option<JoinHandle<()>>,
}

impl PeriodicTask {
    /// Whether a round may begin: not while one runs. The timer of the next one is off then.
    pub(crate) fn try_start(&mut self) -> bool {
        if self.running {
            return false;
        }
        self.stop_timer();
        self.running = true;
        true
    }

    /// The round has ended; `timer` begins the next one.
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
