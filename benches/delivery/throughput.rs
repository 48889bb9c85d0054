//! Maximum throughput from API calls with idempotency keys to delivered webhooks.

use std::time::{Duration, Instant};

use super::calls::{self, CallReport, LoadPlan};
use super::cpu_by_process::Spent;
use super::options::Options;
use super::rows_per_call::Rows;
use super::setup::{Setup, healthy};
use super::sink_client::rate;
use super::sink_counters::SinkReport;
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
    let mut setup = Setup::start(tenants, false, healthy).await;
    setup.announce(&format!(
        "throughput: {tenants} tenants, {connections} connections, {seconds} s"
    ));
    let warm_up = setup.plan(tenants, connections, None, WARM_UP_S);
    let warm = calls::start(&warm_up).report().await.created();
    setup.sink.wait_for(warm, DRAIN).await;
    let rows = Rows::count(&setup).await;
    let before = Spent::so_far(&mut setup).await;
    let plan = setup.plan(tenants, connections, None, seconds);
    let outcome = measure(&mut setup, &plan, warm).await;
    let spent = Spent::so_far(&mut setup).await;
    outcome.say();
    spent.say_per_event(&before, outcome.called.cpu_s, outcome.created());
    let after = written(&setup).await;
    after.say_per_call(&rows, outcome.created());
    setup.stop().await;
}

/// The results of the measurement.
struct Outcome {
    called: CallReport,
    /// Reports before the first call, after the last call, and after the last webhook.
    reports: [SinkReport; 3],
    /// Time from the first call to the last webhook.
    whole: Duration,
    /// Time from the last call to the last webhook.
    drain: Duration,
}

/// Sends the calls and waits for their webhooks. `warm` webhooks have arrived before.
async fn measure(setup: &mut Setup, plan: &LoadPlan, warm: u64) -> Outcome {
    let first = setup.sink.report().await;
    let begun = Instant::now();
    let called = calls::start(plan).report().await;
    let last = setup.sink.report().await;
    let ended = Instant::now();
    let drained = setup.sink.wait_for(warm + called.created(), DRAIN).await;
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
async fn written(setup: &Setup) -> Rows {
    let deadline = Instant::now() + DRAIN;
    while Instant::now() < deadline && setup.queued().await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Rows::count(setup).await
}
