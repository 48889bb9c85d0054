//! The effect of one receiver that hangs with a long backlog, and of one very slow receiver, on all other endpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::backlog::{Backlog, enable};
use super::options::Options;
use super::setup::Setup;
use super::support::memory::resident_mib;
use super::timing::{self, Timed};
use super::{number, say};

const HEALTHY: usize = 50;
const CONNECTIONS: u32 = 50;
const HANG: &str = "/hang";
const SLOW: &str = "/slow";
const HUNG_ROWS: u64 = 500_000;
const SLOW_ROWS: u64 = 1_000;
const WARM_UP_S: u64 = 5;

/// The webhook of the last tenant but one hangs, that of the last tenant is slow.
fn path(n: usize) -> String {
    match n {
        HEALTHY => HANG.to_owned(),
        n if n > HEALTHY => SLOW.to_owned(),
        n => format!("/hook/{n}"),
    }
}

pub(crate) async fn run(options: &Options) {
    let (seconds, rate) = (options.get("seconds", 60), options.get("rate", 300.0));
    let rows = options.get("rows", HUNG_ROWS);
    let mut setup = Setup::start(HEALTHY + 2, true, path).await;
    setup.announce(&format!(
        "slow-receivers: {HEALTHY} healthy endpoints at {rate}/s, {seconds} s; then one that hangs with {rows} rows due, and a slow one"
    ));
    phase(&mut setup, rate, WARM_UP_S).await;
    let baseline = phase(&mut setup, rate, seconds).await;
    baseline.say("all healthy");

    let mut backlog = Backlog::begin();
    backlog.add(&setup, rows, HANG).await;
    backlog.add(&setup, SLOW_ROWS, SLOW).await;
    say("resident memory, before", resident_mib(), "MiB");
    let watch = Memory::watch();
    enable(&setup, HANG).await;
    enable(&setup, SLOW).await;
    let impaired = phase(&mut setup, rate, seconds).await;
    impaired.say("two impaired");
    say("resident memory, peak", watch.peak().await, "MiB");
    say("resident memory, end", resident_mib(), "MiB");
    let report = setup.sink.report().await;
    say("requests that hung", number(report.hung), "");
    say("requests that were slow", number(report.slow), "");
    compare(&baseline, &impaired);
    setup.stop().await;
}

/// Runs one phase, in which only the healthy tenants call.
async fn phase(setup: &mut Setup, rate: f64, seconds: u64) -> Timed {
    let plan = setup.plan(HEALTHY, CONNECTIONS, Some(rate), seconds);
    timing::run(setup, &plan).await
}

fn compare(baseline: &Timed, impaired: &Timed) {
    let p99 = "p99 call sent to webhook arrived";
    say(&format!("{p99}, all healthy"), baseline.p99_ms(), "ms");
    say(&format!("{p99}, two impaired"), impaired.p99_ms(), "ms");
    let ratio = impaired.p99_ms() / baseline.p99_ms();
    say("ratio, must be 1.5 at most", ratio, "");
}

/// Samples the resident memory of this process every 500 ms.
struct Memory {
    done: Arc<AtomicBool>,
    peak: tokio::task::JoinHandle<f64>,
}

impl Memory {
    fn watch() -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&done);
        let peak = tokio::spawn(async move {
            let mut peak = resident_mib();
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(500)).await;
                peak = peak.max(resident_mib());
            }
            peak
        });
        Self { done, peak }
    }

    /// Stops sampling and returns the peak in MiB.
    async fn peak(self) -> f64 {
        self.done.store(true, Ordering::Relaxed);
        self.peak
            .await
            .expect("the sampling task ends without a panic")
    }
}
