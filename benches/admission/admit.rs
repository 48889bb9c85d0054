//! `Admit` a second for 1, 1,000 and 100,000 tenants.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use actors::clock::Clock;
use actors::{PartnerApi, RouteNeeds};

use super::support::latency::Latencies;
use super::support::seed::{self, Seeded};
use super::support::server::BenchServer;

const ADMISSIONS: usize = 400_000;
const CALLERS: usize = 64;
const NEEDS: RouteNeeds = RouteNeeds {
    writes: false,
    cost: 1,
};
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) async fn run() {
    println!("\n== admit: admissions a second, {CALLERS} callers in this process");
    let mut rates = Vec::new();
    for tenants in [1, 1_000, 100_000] {
        let server = BenchServer::start(Clock::system()).await;
        let keys: &'static [Seeded] = seed::creditors(&server.url, tenants).await.leak();
        let api = server.running.api();
        one_caller(api, &keys[0]).await;
        let cold = Instant::now();
        admit_all(api, keys, tenants).await;
        let cold = cold.elapsed();
        let started = Instant::now();
        admit_all(api, keys, ADMISSIONS.max(tenants)).await;
        #[allow(clippy::cast_precision_loss)]
        let rate = ADMISSIONS.max(tenants) as f64 / started.elapsed().as_secs_f64();
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
    println!("        largest to smallest: {:.2}", most / least);
}

/// What one admission takes when nothing else goes on.
async fn one_caller(api: &PartnerApi, seeded: &Seeded) {
    let (api, key) = (api.clone(), seeded.key.clone());
    let latencies = tokio::spawn(async move {
        let mut latencies = Latencies::default();
        for _ in 0..50_000 {
            let asked = Instant::now();
            drop(api.admit(&key, HERE, NEEDS).await.expect("admitted"));
            latencies.record(asked.elapsed());
        }
        latencies
    });
    let latencies = latencies.await.expect("the caller ends well");
    let (p50, p99) = (latencies.percentile_us(50.0), latencies.percentile_us(99.0));
    println!("  one caller: p50 {p50:.0} us, p99 {p99:.0} us");
}

/// Each caller admits its share, tenants by turns.
pub(crate) async fn admit_all(api: &PartnerApi, keys: &'static [Seeded], admissions: usize) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let api = api.clone();
            tokio::spawn(async move {
                for n in (caller..admissions).step_by(CALLERS) {
                    // Spread over the tenants, so that neighbours in time are not neighbours in memory.
                    let key = &keys[n.wrapping_mul(7_919) % keys.len()].key;
                    let admitted = api.admit(key, HERE, NEEDS).await;
                    drop(admitted.expect("admitted"));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller ends well");
    }
}
