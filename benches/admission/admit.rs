//! Admissions per second with 1, 1,000 and 100,000 tenants, without HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use actors::clock::Clock;
use actors::domain::api_key::KEY_LEN;
use actors::{PartnerApi, RouteRequirements};

use super::support::latency::Latencies;
use super::support::seed::{self, Seeded};
use super::support::server::BenchServer;

const ADMISSIONS: usize = 4_000_000;
/// The most admissions per tenant. It is below the burst of one million.
const MAX_PER_TENANT: usize = 900_000;
const CALLERS: usize = 64;
/// Longer than it takes to write the last uses of 100,000 keys.
const SETTLED: Duration = Duration::from_secs(15);
const NEEDS: RouteRequirements = RouteRequirements {
    writes: false,
    cost: 1,
};
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Runs with `only` tenants, or with three different numbers of tenants.
pub(crate) async fn run(only: Option<usize>) {
    println!("\n== admit: admissions per second, {CALLERS} callers in this process");
    let mut rates = Vec::new();
    let counts = only.map_or_else(|| vec![1, 1_000, 100_000], |count| vec![count]);
    for tenants in counts {
        let server = BenchServer::start(Clock::system()).await;
        let keys = Keys::scattered(&seed::creditors(&server.url, tenants).await);
        let api = server.running.api();
        one_caller(api, keys.nth(0)).await;
        let cold = Instant::now();
        admit_all(api, keys, tenants).await;
        let cold = cold.elapsed();
        // A second pass and a pause, so that writing the first uses of all keys is not measured.
        admit_all(api, keys, tenants).await;
        tokio::time::sleep(SETTLED).await;
        let admissions = ADMISSIONS.min(MAX_PER_TENANT * tenants);
        let started = Instant::now();
        admit_all(api, keys, admissions).await;
        #[allow(clippy::cast_precision_loss)]
        let rate = admissions as f64 / started.elapsed().as_secs_f64();
        println!(
            "{tenants:>7} tenants: {rate:>9.0}/s ({} bcrypt checks; first admissions {:.1} s)",
            api.key_bcrypt_checks(),
            cold.as_secs_f64()
        );
        rates.push(rate);
        server.running.stop().await;
    }
    let (least, most) = rates
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), rate| {
            (least.min(*rate), most.max(*rate))
        });
    println!("        highest rate to lowest: {:.2}", most / least);
}

/// Keys in one contiguous buffer, so that reading them is as cheap as reading the buffer of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys(&'static str);

impl Keys {
    /// All keys in scattered order, so that consecutive admissions use distant memory of the server.
    fn scattered(seeded: &[Seeded]) -> Self {
        let spread = (0..seeded.len()).map(|n| &seeded[n * 7_919 % seeded.len()]);
        Self::of(spread)
    }

    pub(crate) fn of<'a>(seeded: impl Iterator<Item = &'a Seeded>) -> Self {
        let keys: String = seeded.map(|one| one.key.as_str()).collect();
        Self(keys.leak())
    }

    fn len(self) -> usize {
        self.0.len() / KEY_LEN
    }

    fn nth(self, n: usize) -> &'static str {
        let first = n % self.len() * KEY_LEN;
        &self.0[first..first + KEY_LEN]
    }
}

/// Measures the latency of admissions without concurrent load.
async fn one_caller(api: &PartnerApi, key: &'static str) {
    let api = api.clone();
    let latencies = tokio::spawn(async move {
        let mut latencies = Latencies::default();
        for _ in 0..50_000 {
            let asked = Instant::now();
            drop(api.admit(key, HERE, NEEDS).await.expect("admitted"));
            latencies.record(asked.elapsed());
        }
        latencies
    });
    let latencies = latencies.await.expect("the caller ends without a panic");
    let (p50, p99) = (latencies.percentile_us(50.0), latencies.percentile_us(99.0));
    println!("  one caller: p50 {p50:.0} us, p99 {p99:.0} us");
}

/// Splits `admissions` over the callers. Each caller iterates over the keys in rotation.
pub(crate) async fn admit_all(api: &PartnerApi, keys: Keys, admissions: usize) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let api = api.clone();
            tokio::spawn(async move {
                // Each caller has its own range of keys, so that it reads them in order.
                let share = admissions.div_ceil(CALLERS);
                for n in (caller * share)..((caller + 1) * share).min(admissions) {
                    let admitted = api.admit(keys.nth(n), HERE, NEEDS).await;
                    drop(admitted.expect("admitted"));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller ends without a panic");
    }
}
