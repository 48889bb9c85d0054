//! A server in this process, on a fresh database: of SQLite, or of the Postgres server that `BENCH_DATABASE_URL` names.

use actors::ProviderSecrets;
use actors::clock::Clock;
use actors::domain::limits::Tiers;
use partner_api::config::Config;
use partner_api::server::{self, RunningServer};
use sea_orm::{ConnectionTrait as _, Database};
use tempfile::TempDir;
use url::Url;

/// Limits that no bench meets.
const WIDE: &str = "standard=1000000/1000000:1000000/1000000:100000";

/// The database on a Postgres server: dropped and made anew at every start, so that no bench meets what another one left.
const DATABASE: &str = "partner_api_bench";

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

/// Makes [`DATABASE`] on the server of `admin_url`, whose role may create databases; its URL.
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
