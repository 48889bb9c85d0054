//! The Dispatcher's polls: who has rows waiting, and when the next one falls due.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::delivery::{self as queue, Waiting};
use tokio::time::Instant;

use super::super::messages::{ClaimError, DispatcherMsg};
use super::state::DispatcherState;
use crate::supervision::spawn_and_notify;

/// From one poll to the next, unless a row falls due before.
const MAX_POLL_MS: i64 = 1_000;
const MIN_POLL_MS: i64 = 20;
/// A poll may take at most a tenth of the time: it slows down as it gets slower.
const POLL_SHARE: u32 = 10;
/// But it rests no longer than this: what took so long may be a process that stood still in the middle of it.
const MAX_REST: Duration = Duration::from_secs(10);

impl DispatcherState {
    /// Spawns a look at who has rows waiting.
    pub(super) fn poll(&mut self) {
        self.rung = false;
        if self.drains || !self.polls.try_start() {
            return;
        }
        self.release_lost();
        let began_ms = self.delivery.env.clock.now_ms();
        self.poll_by_ms = self.poll_by_ms.filter(|due_ms| *due_ms > began_ms);
        let died = DispatcherMsg::Polled {
            began_ms,
            took: Duration::ZERO,
            result: Err(ClaimError::Died),
        };
        let delivery = Arc::clone(&self.delivery);
        spawn_and_notify(&self.delivery.dispatcher, died, async move {
            let begun = Instant::now();
            let result = queue::waiting(delivery.env.db.reader())
                .await
                .map_err(ClaimError::from);
            DispatcherMsg::Polled {
                began_ms,
                took: begun.elapsed(),
                result,
            }
        });
    }

    pub(super) fn polled(
        &mut self,
        began_ms: i64,
        took: Duration,
        result: Result<Vec<Waiting>, ClaimError>,
    ) {
        let now_ms = self.delivery.env.clock.now_ms();
        let next_ms = match result {
            Ok(waiting) => self.see(waiting, began_ms, now_ms),
            Err(error) => {
                tracing::warn!(%error, "looking for due deliveries failed");
                now_ms + MAX_POLL_MS
            }
        };
        let pause_ms = (next_ms - now_ms).clamp(MIN_POLL_MS, MAX_POLL_MS);
        let rest = rest_after(took);
        let pause = Duration::from_millis(pause_ms.unsigned_abs()).max(rest);
        self.next_poll = Instant::now() + rest;
        self.polls.reschedule(
            self.delivery
                .dispatcher
                .send_after(pause, DispatcherMsg::Poll),
        );
        self.claim_soon();
    }

    /// Wakes whoever has due rows; answers when the next row falls due.
    fn see(&mut self, waiting: Vec<Waiting>, began_ms: i64, now_ms: i64) -> i64 {
        self.endpoints.raise_floors(began_ms);
        let mut next_ms = now_ms + MAX_POLL_MS;
        for Waiting {
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
                self.leases.begin_backlog(endpoint, due_ms);
                self.claim_queue.feed(endpoint);
            } else {
                next_ms = next_ms.min(due_ms);
            }
        }
        next_ms
    }

    /// However often it rings, looks come no faster than polls may.
    pub(super) fn rung(&mut self) {
        let least = Duration::from_millis(MIN_POLL_MS.unsigned_abs());
        let pause = self.next_poll.saturating_duration_since(Instant::now());
        if !self.rung {
            self.rung = true;
            let dispatcher = &self.delivery.dispatcher;
            dispatcher.send_after(pause.max(least), DispatcherMsg::Poll);
        }
    }

    /// A row falls due that the last poll did not see: one that has just failed. Only where that
    /// is before the next poll comes anyway.
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

/// How long the database is left alone after a poll.
fn rest_after(took: Duration) -> Duration {
    took.saturating_mul(POLL_SHARE).min(MAX_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_poll_is_followed_by_a_longer_rest_but_not_by_silence() {
        assert_eq!(rest_after(Duration::ZERO), Duration::ZERO);
        assert_eq!(
            rest_after(Duration::from_millis(30)),
            Duration::from_millis(300)
        );
        // Stopped for an hour, or asleep.
        assert_eq!(rest_after(Duration::from_secs(3_600)), MAX_REST);
        assert_eq!(rest_after(Duration::MAX), MAX_REST);
    }
}
