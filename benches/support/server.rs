//! A server in this process, on a new database: SQLite, or the Postgres server of `BENCH_DATABASE_URL`.

use actors::ProviderSecrets;
use actors::clock::Clock;
use actors::domain::limits::Tiers;
use partner_api::config::Config;
use partner_api::server::{self, RunningServer};
use sea_orm::{ConnectionTrait as _, Database};
use tempfile::TempDir;
use url::Url;

/// Limits that no bench reaches.
const WIDE_TIERS: &str = "standard=1000000/1000000:1000000/1000000:100000";

/// The name of the Postgres database. It is dropped and created again at each start, so that every bench starts empty.
const DATABASE: &str = "partner_api_bench";

/// A running server and the folder of its database.
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
        config.settings.tiers = Tiers::parse(WIDE_TIERS).expect("tiers");
        let mut url = format!("sqlite://{}?mode=rwc", path.display());
        if let Ok(postgres) = std::env::var("BENCH_DATABASE_URL") {
            url = fresh_database(&postgres).await;
            config.settings.database_url = url.clone().into();
            config.settings.lock_file = None;
        }
        let running = server::start_at(config, clock).await.expect("starts");
        Self {
            running,
            url,
            _folder: folder,
        }
    }
}

/// Creates [`DATABASE`] on the server of `admin_url` and returns its URL. The role must have `CREATEDB`.
async fn fresh_database(admin_url: &str) -> String {
    let admin = Database::connect(admin_url).await.expect("the server");
    for statement in [
        format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"),
        format!("CREATE DATABASE {DATABASE}"),
    ] {
        let done = admin.execute_unprepared(&statement).await;
        done.expect("a role that may create databases");
    }
    admin.close().await.expect("closes");
    let mut url = Url::parse(admin_url).expect("a URL");
    url.set_path(DATABASE);
    url.to_string()
}
