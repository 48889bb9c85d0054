//! Calls at a fixed rate, and the time from each call to the arrival of its webhook.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::calls::{self, CallReport, LoadPlan};
use super::setup::Setup;
use super::support::latency::Latencies;
use super::{number, say};

/// The longest wait for the last webhooks of a run.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);

/// The latencies of one run.
pub(crate) struct Timed {
    /// Time from sending a call to the arrival of its webhook.
    pub(crate) from_call: Latencies,
    /// Time from receiving the 201 to the arrival of the webhook. It is 0 if the webhook arrived first.
    from_answer: Latencies,
    before_answer: u64,
    lost: u64,
    called: CallReport,
}

/// Runs `plan`, which must have a rate, and waits for the webhooks.
pub(crate) async fn run(setup: &mut Setup, plan: &LoadPlan) -> Timed {
    setup.sink.arrivals().await; // discard earlier arrivals
    let called = calls::start(plan).report().await;
    let mut arrived = HashMap::new();
    let deadline = Instant::now() + ARRIVAL_TIMEOUT;
    while arrived.len() < called.timed.len() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        arrived.extend(setup.sink.arrivals().await);
    }
    evaluate(called, &arrived)
}

fn evaluate(called: CallReport, arrived: &HashMap<u64, i64>) -> Timed {
    let mut timed = Timed {
        from_call: Latencies::default(),
        from_answer: Latencies::default(),
        before_answer: 0,
        lost: 0,
        called,
    };
    for (call, sent_us, answered_us) in &timed.called.timed {
        let Some(arrived_us) = arrived.get(call) else {
            timed.lost += 1;
            continue;
        };
        timed.from_call.record(between(*sent_us, *arrived_us));
        timed.from_answer.record(between(*answered_us, *arrived_us));
        timed.before_answer += u64::from(arrived_us < answered_us);
    }
    timed
}

fn between(from_us: i64, to_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(to_us - from_us).unwrap_or(0))
}

impl Timed {
    /// Time from sending a call to the arrival of its webhook, p99 in milliseconds.
    pub(crate) fn p99_ms(&self) -> f64 {
        self.from_call.percentile_us(99.0) / 1_000.0
    }

    /// Prints both latencies.
    pub(crate) fn say(&self, name: &str) {
        let ms = |latencies: &Latencies, what: &str| {
            for (percentile, label) in [(50.0, "p50"), (99.0, "p99"), (100.0, "longest")] {
                let value = latencies.percentile_us(percentile) / 1_000.0;
                say(&format!("{name}, {what}, {label}"), value, "ms");
            }
        };
        ms(&self.from_call, "call sent to webhook arrived");
        ms(&self.from_answer, "201 received to webhook arrived");
        let arrived = number(self.from_call.count());
        say(
            &format!("{name}, webhook arrived before its 201"),
            number(self.before_answer) / arrived * 100.0,
            "%",
        );
        let called = &self.called;
        say(
            &format!("{name}, answer p50"),
            called.answer_p50_us / 1_000.0,
            "ms",
        );
        say(
            &format!("{name}, answer p99"),
            called.answer_p99_us / 1_000.0,
            "ms",
        );
        let late = called.late_p99_us / 1_000.0;
        say(&format!("{name}, calls sent late p99"), late, "ms");
        say(
            &format!("{name}, webhooks that never arrived"),
            number(self.lost),
            "",
        );
        println!("  {name}, answers by status: {:?}", called.statuses);
    }
}
