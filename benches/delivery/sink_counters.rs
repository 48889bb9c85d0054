//! The counters of the sink.

use std::collections::HashSet;

use actors::clock::Clock;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::support::cpu;

/// The text before the call number in the body of a webhook.
const NUMBER: &[u8] = b"\"invoice_number\":\"B-";

/// Arrivals so far.
#[derive(Debug)]
pub(crate) struct Counters {
    clock: Clock,
    seen: HashSet<u128>,
    duplicates: u64,
    unreadable: u64,
    hung: u64,
    slow: u64,
    /// Whether arrivals are recorded with their time.
    timing: bool,
    arrivals: Vec<(u64, i64)>,
}

/// A report of the sink.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SinkReport {
    /// Number of distinct `webhook-id`s.
    pub(crate) unique: u64,
    /// Arrivals of a `webhook-id` that had arrived before.
    pub(crate) duplicates: u64,
    /// Requests without a valid `webhook-id`.
    pub(crate) unreadable: u64,
    /// Requests that are never answered.
    pub(crate) hung: u64,
    /// Requests that are answered late.
    pub(crate) slow: u64,
    /// Time of the report, in microseconds since the epoch.
    pub(crate) at_us: i64,
    /// CPU time of the sink, in seconds.
    pub(crate) cpu_s: f64,
}

impl Counters {
    pub(crate) fn new(timing: bool) -> Self {
        Self {
            clock: Clock::system(),
            seen: HashSet::new(),
            duplicates: 0,
            unreadable: 0,
            hung: 0,
            slow: 0,
            timing,
            arrivals: Vec::new(),
        }
    }

    /// Counts the arrival of a webhook.
    pub(crate) fn arrived(&mut self, webhook_id: &str, body: &[u8]) {
        let id = webhook_id.strip_prefix("msg_");
        let Some(id) = id.and_then(|id| Uuid::try_parse(id).ok()) else {
            self.unreadable += 1;
            return;
        };
        if !self.seen.insert(id.as_u128()) {
            self.duplicates += 1;
        } else if self.timing
            && let Some(number) = number_in(body)
        {
            self.arrivals.push((number, self.clock.mono_us()));
        }
    }

    pub(crate) fn hung(&mut self) {
        self.hung += 1;
    }

    pub(crate) fn slow(&mut self) {
        self.slow += 1;
    }

    pub(crate) fn report(&self) -> SinkReport {
        SinkReport {
            unique: self.seen.len() as u64,
            duplicates: self.duplicates,
            unreadable: self.unreadable,
            hung: self.hung,
            slow: self.slow,
            at_us: self.clock.mono_us(),
            cpu_s: cpu::own_s(),
        }
    }

    /// Call number and first arrival time of the webhooks since the last query.
    pub(crate) fn take_arrivals(&mut self) -> Vec<(u64, i64)> {
        std::mem::take(&mut self.arrivals)
    }
}

fn number_in(body: &[u8]) -> Option<u64> {
    let at = body
        .windows(NUMBER.len())
        .position(|window| window == NUMBER)?;
    let rest = &body[at + NUMBER.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}
