//! The polls of the Dispatcher: which endpoints have waiting rows, and when the next row is due.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::delivery::{self as queue, DueEndpoint};
use tokio::time::Instant;

use super::super::messages::DispatcherMsg;
use super::state::Dispatcher;
use crate::supervision::spawn_and_notify;

/// Maximum time between two polls, in milliseconds. It is shorter if a row is due earlier.
const MAX_POLL_MS: i64 = 1_000;
/// Minimum time between two polls, in milliseconds.
const MIN_POLL_MS: i64 = 20;
/// After a poll, the pause is at least this multiple of its duration. Polling thus uses about a tenth of the time.
const POLL_SHARE: u32 = 10;
/// Upper limit of that pause. A poll may seem slow only because the process was suspended during it.
const MAX_REST: Duration = Duration::from_secs(10);

impl Dispatcher {
    /// Spawns a query for endpoints with waiting rows.
    pub(super) fn poll(&mut self) {
        self.rung = false;
        if self.is_draining || !self.polls.try_start() {
            return;
        }
        self.release_lost();
        let began_ms = self.delivery.env.clock.now_ms();
        self.poll_by_ms = self.poll_by_ms.filter(|due_ms| *due_ms > began_ms);
        let polled = move |took, waiting| DispatcherMsg::Polled {
            began_ms,
            took,
            waiting,
        };
        let died = polled(Duration::ZERO, None);
        let delivery = Arc::clone(&self.delivery);
        spawn_and_notify(&self.delivery.dispatcher, died, async move {
            let begun = Instant::now();
            let found = queue::due_endpoints(delivery.env.db.reader()).await;
            let waiting = found.inspect_err(|error| {
                tracing::warn!(%error, "polling for due deliveries failed; the next poll retries it");
            });
            polled(begun.elapsed(), waiting.ok())
        });
    }

    pub(super) fn polled(
        &mut self,
        began_ms: i64,
        took: Duration,
        waiting: Option<Vec<DueEndpoint>>,
    ) {
        let now_ms = self.delivery.env.clock.now_ms();
        let next_ms = match waiting {
            Some(waiting) => self.apply_poll(waiting, began_ms, now_ms),
            None => now_ms + MAX_POLL_MS,
        };
        let pause_ms = (next_ms - now_ms).clamp(MIN_POLL_MS, MAX_POLL_MS);
        let min_pause = min_pause_after(took);
        let pause = Duration::from_millis(pause_ms.unsigned_abs()).max(min_pause);
        self.next_poll = Instant::now() + min_pause;
        self.polls.reschedule(pause, DispatcherMsg::Poll);
        self.claim_soon();
    }

    /// Wakes endpoints with due rows. Returns when the next row is due, in milliseconds since the epoch.
    fn apply_poll(&mut self, waiting: Vec<DueEndpoint>, began_ms: i64, now_ms: i64) -> i64 {
        self.endpoints.raise_floors(began_ms);
        let mut next_ms = now_ms + MAX_POLL_MS;
        for DueEndpoint {
            endpoint,
            due_ms,
            in_order,
        } in waiting
        {
            if in_order {
                self.in_order.insert(endpoint);
            }
            self.endpoints.lower_floor(endpoint, due_ms);
            if due_ms <= now_ms {
                self.claim_queue.wake(endpoint);
                let since_ms = self.delivery.env.clock.mono_ms() - (now_ms - due_ms);
                self.delivery.leases.begin_backlog(endpoint, since_ms);
                self.claim_queue.capacity_freed(endpoint);
            } else {
                next_ms = next_ms.min(due_ms);
            }
        }
        next_ms
    }

    /// Schedules an extra poll after a notification. Notifications never make polls more frequent than the pause
    /// allows.
    pub(super) fn peer_notified(&mut self) {
        let min_pause = Duration::from_millis(MIN_POLL_MS.unsigned_abs());
        let pause = self.next_poll.saturating_duration_since(Instant::now());
        if !self.rung {
            self.rung = true;
            let dispatcher = &self.delivery.dispatcher;
            dispatcher.send_after(pause.max(min_pause), DispatcherMsg::Poll);
        }
    }

    /// Schedules an extra poll for a row that failed after the last poll. Does nothing if the next regular poll is soon
    /// enough.
    pub(super) fn poll_by(&mut self, due_ms: Option<i64>) {
        let now_ms = self.delivery.env.clock.now_ms();
        let Some(due_ms) = due_ms.filter(|due_ms| *due_ms < now_ms + MAX_POLL_MS) else {
            return;
        };
        if self
            .poll_by_ms
            .is_some_and(|earlier_ms| earlier_ms <= due_ms)
        {
            return;
        }
        self.poll_by_ms = Some(due_ms);
        let pause_ms = (due_ms - now_ms).max(MIN_POLL_MS);
        let pause = Duration::from_millis(pause_ms.unsigned_abs());
        let dispatcher = &self.delivery.dispatcher;
        dispatcher.send_after(pause, DispatcherMsg::Poll);
    }
}

/// The minimum pause after a poll that took `took`.
fn min_pause_after(took: Duration) -> Duration {
    took.saturating_mul(POLL_SHARE).min(MAX_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_after_poll_grows_with_duration_up_to_limit() {
        assert_eq!(min_pause_after(Duration::ZERO), Duration::ZERO);
        assert_eq!(
            min_pause_after(Duration::from_millis(30)),
            Duration::from_millis(300)
        );
        // The process was suspended for an hour.
        assert_eq!(min_pause_after(Duration::from_secs(3_600)), MAX_REST);
        assert_eq!(min_pause_after(Duration::MAX), MAX_REST);
    }
}
