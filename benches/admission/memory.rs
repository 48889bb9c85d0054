//! Memory with 100,000 tenants in the database: 10,000 active, all active, and after the idle ones are evicted.

use std::time::{Duration, Instant};

use actors::clock::Clock;

use super::admit::{Keys, admit_all};
use super::support::memory::resident_mib;
use super::support::seed;
use super::support::server::BenchServer;

const KNOWN: usize = 100_000;
const ACTIVE: usize = 10_000;
const ELEVEN_MINUTES_MS: i64 = 11 * 60_000;
/// Longer than the interval of 30 s at which the registry evicts idle tenants.
const EVICTION_WAIT: Duration = Duration::from_secs(45);

pub(crate) async fn run() {
    println!("\n== memory: {KNOWN} tenants known, {ACTIVE} active");
    let clock = Clock::manual(1_780_272_000_000);
    let server = BenchServer::start(clock.clone()).await;
    let seeded = seed::creditors(&server.url, KNOWN).await;
    let (all, active) = (
        Keys::of(seeded.iter()),
        Keys::of(seeded.iter().take(ACTIVE)),
    );
    drop(seeded);
    println!(
        "  before: {:.0} MiB (includes the bench's own list of keys)",
        resident_mib()
    );
    let api = server.running.api();
    admit_all(api, active, ACTIVE).await;
    println!("  {ACTIVE} active: {:.0} MiB", resident_mib());
    admit_all(api, all, KNOWN).await;
    println!("  all active: {:.0} MiB", resident_mib());
    clock.advance_ms(ELEVEN_MINUTES_MS);
    let until = Instant::now() + EVICTION_WAIT;
    while Instant::now() < until {
        admit_all(api, active, ACTIVE).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "  after the idle ones are evicted: {:.0} MiB, {} bcrypt checks in total",
        resident_mib(),
        api.key_bcrypt_checks()
    );
    server.running.stop().await;
}
