//! Latency from an API call to the arrival of its webhook, at rates far below the maximum.

use super::options::Options;
use super::setup::{Setup, healthy};
use super::timing;

const TENANTS: usize = 100;
const CONNECTIONS: u32 = 50;
/// Seconds that verify keys, open connections and load endpoints before the measurement.
const WARM_UP_S: u64 = 5;

pub(crate) async fn run(options: &Options) {
    let seconds = options.get("seconds", 30);
    let rates = options
        .given("rate")
        .map_or_else(|| vec![100.0, 500.0], |rate| vec![rate]);
    let mut setup = Setup::start(TENANTS, true, healthy).await;
    setup.announce(&format!("latency: {TENANTS} tenants, {seconds} s per rate"));
    for rate in rates {
        let warm_up = setup.plan(TENANTS, CONNECTIONS, Some(rate), WARM_UP_S);
        timing::run(&mut setup, &warm_up).await;
        let plan = setup.plan(TENANTS, CONNECTIONS, Some(rate), seconds);
        let timed = timing::run(&mut setup, &plan).await;
        timed.say(&format!("{rate}/s"));
    }
    setup.stop().await;
}
