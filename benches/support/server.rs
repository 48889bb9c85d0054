//! A server in this process, on a new database: SQLite, or the Postgres server of `BENCH_DATABASE_URL`.

use actors::ProviderSecrets;
use actors::clock::Clock;
use actors::domain::limits::Tiers;
use partner_api::config::Config;
use partner_api::server::{self, RunningServer};
use test_support::TestDatabase;

/// Limits that no bench reaches.
const WIDE_TIERS: &str = "standard=1000000/1000000:1000000/1000000:100000";

/// The name of the Postgres database. A bench that was killed leaves it behind, and the next one drops it.
const DATABASE: &str = "partner_api_bench";

/// A running server and its database.
pub(crate) struct BenchServer {
    pub(crate) running: RunningServer,
    pub(crate) url: String,
    _database: TestDatabase,
}

impl BenchServer {
    pub(crate) async fn start(clock: Clock) -> Self {
        let database = match std::env::var("BENCH_DATABASE_URL") {
            Ok(postgres) => TestDatabase::postgres_named(&postgres, DATABASE).await,
            Err(_) => TestDatabase::sqlite(),
        };
        let url = database.url().to_owned();
        let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into();
        let providers = ProviderSecrets::default();
        let mut config = Config::for_demo(url.as_str().into(), key, "st_bench".into(), providers);
        config.settings.simulator = false;
        config.settings.tiers = Tiers::parse(WIDE_TIERS).expect("tiers");
        let running = server::start_at(config, clock).await.expect("starts");
        Self {
            running,
            url,
            _database: database,
        }
    }
}
