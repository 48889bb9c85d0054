//! What a connection waits for, and until when it may.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::registry::Slot;

/// From the connect to the end of the first request's head, and from the first byte of a later head to its end.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// From the end of the last request to the first byte of the next one.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(75);
/// Without any progress of the connection while a response waits to be read. The caller's permit and the memory of the
/// response are held meanwhile.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Without any progress of one response, although others of the same HTTP/2 connection make progress.
const STREAM_STALL_TIMEOUT: Duration = Duration::from_secs(300);
/// How often a connection is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The activity of one connection, noted by its stream, its requests and its response bodies.
#[derive(Debug)]
pub(crate) struct Activity {
    slot: Slot,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose response has not ended.
    requests: usize,
    /// Since when the connection has no request. Bytes of a new head set it again.
    waiting_since: Instant,
    waiting_for: Waiting,
    is_http2: bool,
    /// Since when the client accepts no more bytes.
    blocked_since: Option<Instant>,
    /// Whether the last request has ended, but not all of its response is sent.
    is_unsent: bool,
    /// Response bodies of which the client has not taken the last part, and since when.
    unread: HashMap<u64, Instant>,
    last_body: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// For the first head of the connection.
    First,
    /// For the next head. Nothing of it has arrived.
    Next,
    /// For the rest of a head.
    Rest,
}

impl Activity {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new(slot: Slot) -> Self {
        let state = Mutex::new(State::new(Instant::now()));
        Self { slot, state }
    }

    /// Notes that the head of a request has been read.
    pub(crate) fn request_began(&self, is_http2: bool) {
        let mut state = self.state();
        state.is_http2 = is_http2;
        state.requests += 1;
        if state.requests == 1 {
            self.slot.busy();
        }
    }

    /// Notes that a response has ended, or that its request was dropped.
    pub(super) fn request_ended(&self) {
        let mut state = self.state();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            state.waiting_since = Instant::now();
            state.waiting_for = Waiting::Next;
            state.is_unsent = state.blocked_since.is_some();
            if !state.is_unsent {
                self.slot.idle();
            }
        }
    }

    /// Notes that the client sent bytes.
    pub(super) fn received(&self) {
        let mut state = self.state();
        // An HTTP/2 client may also send frames that belong to no request.
        if state.requests == 0 && state.waiting_for == Waiting::Next && !state.is_http2 {
            state.waiting_since = Instant::now();
            state.waiting_for = Waiting::Rest;
        }
    }

    /// Notes whether the client accepts bytes.
    pub(super) fn sent(&self, is_blocked: bool) {
        let mut state = self.state();
        if is_blocked {
            state.blocked_since.get_or_insert(Instant::now());
            return;
        }
        state.blocked_since = None;
        if state.requests == 0 && state.waiting_for == Waiting::Next {
            // The rest of the last response.
            state.waiting_since = Instant::now();
            if std::mem::take(&mut state.is_unsent) {
                self.slot.idle();
            }
        }
    }

    pub(super) fn new_body(&self) -> u64 {
        let mut state = self.state();
        state.last_body += 1;
        state.last_body
    }

    /// Notes that a part of a body is ready for the client, or that the client has taken all parts so far.
    pub(super) fn body(&self, id: u64, has_unread: bool) {
        let mut state = self.state();
        if has_unread {
            state.unread.insert(id, Instant::now());
        } else {
            state.unread.remove(&id);
        }
    }

    /// Completes when the connection has waited too long.
    pub(crate) async fn expired(&self) {
        loop {
            let (deadline, now) = (self.state().deadline(), Instant::now());
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            // Whatever happens meanwhile can bring the deadline nearer.
            let next_check = now + CHECK_INTERVAL;
            let wake = deadline.map_or(next_check, |deadline| deadline.min(next_check));
            tokio::time::sleep_until(wake).await;
        }
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            requests: 0,
            waiting_since: now,
            waiting_for: Waiting::First,
            is_http2: false,
            blocked_since: None,
            is_unsent: false,
            unread: HashMap::new(),
            last_body: 0,
        }
    }

    /// When the connection must close if nothing happens. `None` while the server works on a request.
    fn deadline(&self) -> Option<Instant> {
        let blocked = self.blocked_since.map(|since| since + STALL_TIMEOUT);
        // If every request waits for its client, nothing progresses since the last of them.
        let all_unread = self.unread.len() >= self.requests;
        let last_unread = self.unread.values().max().filter(|_| all_unread);
        let last_unread = last_unread.map(|since| *since + STALL_TIMEOUT);
        let first_unread = self
            .unread
            .values()
            .min()
            .map(|since| *since + STREAM_STALL_TIMEOUT);
        let stalled = blocked.into_iter().chain(last_unread).chain(first_unread);
        let waiting = (self.requests == 0).then(|| {
            let timeout = match self.waiting_for {
                Waiting::First | Waiting::Rest => HEAD_TIMEOUT,
                Waiting::Next => KEEP_ALIVE_TIMEOUT,
            };
            self.waiting_since + timeout
        });
        stalled.chain(waiting).min()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{ConnectionLimits, Registry};
    use super::*;

    fn activity() -> Arc<Activity> {
        let registry = Registry::new(ConnectionLimits {
            total: 1,
            per_address: 1,
            exempt: Vec::new(),
        });
        let (slot, _closed) = registry.admit("192.0.2.1".parse().unwrap()).unwrap();
        Arc::new(Activity::new(slot))
    }

    /// Seconds until the connection expires if nothing more happens.
    async fn expires_after(activity: &Activity) -> u64 {
        let began = Instant::now();
        let limit = tokio::time::timeout(Duration::from_secs(1_000), activity.expired());
        limit.await.map_or(0, |()| began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn silent_connection_expires_after_the_time_for_a_head() {
        assert_eq!(expires_after(&activity()).await, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_of_the_first_head_give_no_more_time() {
        let activity = activity();
        tokio::time::advance(Duration::from_secs(20)).await;
        activity.received();
        assert_eq!(expires_after(&activity).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn kept_connection_expires_after_75_seconds() {
        let activity = activity();
        activity.request_began(false);
        activity.request_ended();
        assert_eq!(expires_after(&activity).await, 75);
    }

    #[tokio::test(start_paused = true)]
    async fn begun_head_shortens_the_time_while_the_timer_runs() {
        let activity = activity();
        activity.request_began(false);
        activity.request_ended();
        let sender = Arc::clone(&activity);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            sender.received();
            tokio::time::sleep(Duration::from_secs(10)).await;
            sender.received();
        });
        assert_eq!(expires_after(&activity).await, 40);
    }

    #[tokio::test(start_paused = true)]
    async fn running_request_never_expires_by_itself() {
        let activity = activity();
        activity.request_began(false);
        assert_eq!(expires_after(&activity).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn response_that_nobody_reads_expires_while_the_timer_runs() {
        let activity = activity();
        let reader = Arc::clone(&activity);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            reader.request_began(true);
            let body = reader.new_body();
            reader.body(body, true);
        });
        let expired = expires_after(&activity).await;
        assert!((31..=36).contains(&expired), "{expired}");
    }

    #[tokio::test(start_paused = true)]
    async fn unread_stream_does_not_end_the_others_of_its_connection() {
        let activity = activity();
        activity.request_began(true);
        activity.request_began(true);
        let stalled = activity.new_body();
        activity.body(stalled, true);
        let expired = expires_after(&activity).await;
        assert!(
            (300..=305).contains(&expired),
            "the other request still runs: {expired}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_accepts_no_bytes_expires() {
        let activity = activity();
        activity.request_began(false);
        activity.sent(true);
        tokio::time::advance(Duration::from_secs(29)).await;
        activity.sent(false);
        activity.sent(true);
        let expired = expires_after(&activity).await;
        assert!((30..=35).contains(&expired), "{expired}");
    }

    #[tokio::test(start_paused = true)]
    async fn slow_rest_of_a_response_gets_its_time() {
        let activity = activity();
        activity.request_began(false);
        activity.sent(true);
        activity.request_ended();
        for _ in 0..10 {
            tokio::time::advance(Duration::from_secs(20)).await;
            activity.sent(false);
            activity.sent(true);
        }
        let expired = expires_after(&activity).await;
        assert!((30..=35).contains(&expired), "{expired}");
    }
}
