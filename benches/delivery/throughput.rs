//! Maximum throughput from API calls with idempotency keys to delivered webhooks.

use std::time::{Duration, Instant};

use super::calls::{self, Called, Orders};
use super::cpu_by_process::Spent;
use super::options::Options;
use super::rows_per_call::Rows;
use super::setup::{Stage, healthy};
use super::sink_client::rate;
use super::sink_counters::Counted;
use super::{number, say};

/// Seconds that verify keys, open connections and load endpoints before the measurement.
const WARM_UP_S: u64 = 5;
/// The longest wait for the webhooks that are outstanding when the calls end.
const DRAIN: Duration = Duration::from_secs(180);

pub(crate) async fn run(options: &Options) {
    let seconds = options.get("seconds", 60);
    let (tenants, connections) = (
        options.get("tenants", 100),
        options.get("connections", 1_024),
    );
    let mut stage = Stage::set(tenants, false, healthy).await;
    stage.announce(&format!(
        "throughput: {tenants} tenants, {connections} connections, {seconds} s"
    ));
    let warm_up = stage.orders(tenants, connections, None, WARM_UP_S);
    let warm = calls::start(&warm_up).report().await.created();
    stage.sink.wait_for(warm, DRAIN).await;
    let rows = Rows::count(&stage).await;
    let before = Spent::so_far(&mut stage).await;
    let orders = stage.orders(tenants, connections, None, seconds);
    let outcome = measure(&mut stage, &orders, warm).await;
    let spent = Spent::so_far(&mut stage).await;
    outcome.say();
    spent.say_per_event(&before, outcome.called.cpu_s, outcome.created());
    let after = written(&stage).await;
    after.say_per_call(&rows, outcome.created());
    stage.clear().await;
}

/// The results of the measurement.
struct Outcome {
    called: Called,
    /// Reports before the first call, after the last call, and after the last webhook.
    reports: [Counted; 3],
    /// Time from the first call to the last webhook.
    whole: Duration,
    /// Time from the last call to the last webhook.
    drain: Duration,
}

/// Sends the calls and waits for their webhooks. `warm` webhooks have arrived before.
async fn measure(stage: &mut Stage, orders: &Orders, warm: u64) -> Outcome {
    let first = stage.sink.report().await;
    let begun = Instant::now();
    let called = calls::start(orders).report().await;
    let last = stage.sink.report().await;
    let ended = Instant::now();
    let drained = stage.sink.wait_for(warm + called.created(), DRAIN).await;
    Outcome {
        called,
        reports: [first, last, drained],
        whole: begun.elapsed(),
        drain: ended.elapsed(),
    }
}

impl Outcome {
    fn created(&self) -> f64 {
        number(self.called.created())
    }

    fn say(&self) {
        let (called, [first, last, drained]) = (&self.called, &self.reports);
        let delivered = number(drained.unique - first.unique);
        let duplicates = number(drained.duplicates - first.duplicates);
        println!("  answers by status: {:?}", called.statuses);
        say(
            "calls",
            self.created() / called.elapsed_s,
            "/s answered 201",
        );
        say("delivered while calling", rate(first, last), "/s");
        say("drained after the last call", self.drain.as_secs_f64(), "s");
        let sustained = delivered / self.whole.as_secs_f64();
        say("call to delivery, sustained", sustained, "/s");
        say("never arrived", self.created() - delivered, "webhooks");
        say("duplicates", duplicates, "webhooks");
        say("answer p50", called.answer_p50_us / 1_000.0, "ms");
        say("answer p99", called.answer_p99_us / 1_000.0, "ms");
    }
}

/// Counts the rows after the last outcome is recorded, which is shortly after the last arrival.
async fn written(stage: &Stage) -> Rows {
    let deadline = Instant::now() + DRAIN;
    while Instant::now() < deadline && stage.queued().await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Rows::count(stage).await
}
