//! A server in this process, on a fresh SQLite database or on `BENCH_DATABASE_URL`.

use actors::ProviderSecrets;
use actors::clock::Clock;
use actors::domain::limits::Tiers;
use partner_api::config::Config;
use partner_api::startup::{self, RunningServer};
use tempfile::TempDir;

/// Limits that no bench meets.
const WIDE: &str = "standard=1000000/1000000:1000000/1000000:100000";

/// The server, and the folder of its database.
pub(crate) struct BenchServer {
    pub(crate) running: RunningServer,
    pub(crate) url: String,
    _folder: TempDir,
}

impl BenchServer {
    pub(crate) async fn start(clock: Clock) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench.db");
        let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into();
        let mut config =
            Config::for_demo(&path, key, "st_bench".into(), ProviderSecrets::default());
        config.settings.simulator = false;
        config.settings.tiers = Tiers::parse(WIDE).expect("tiers");
        let mut url = format!("sqlite://{}?mode=rwc", path.display());
        if let Ok(postgres) = std::env::var("BENCH_DATABASE_URL") {
            config.settings.database_url = postgres.clone().into();
            config.settings.lock_file = None;
            url = postgres;
        }
        let running = startup::start_at(config, clock).await.expect("starts");
        Self {
            running,
            url,
            _folder: folder,
        }
    }
}
