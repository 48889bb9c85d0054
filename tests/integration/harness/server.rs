//! A server in the test process.

use actors::ProviderSecrets;
use actors::domain::limits::Tiers;
use partner_api::config::Config;
use partner_api::server::{self, RunningServer};

use super::providers::{DOCUSIGN_KEY, MIDDESK_SECRET, STRIPE_SECRET};
use super::{Http, TestDatabase};

pub(crate) const SUPPORT_TOKEN: &str = "st_support-token-of-the-tests";
/// 32 bytes, base64-encoded.
pub(crate) const MASTER_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// Limits that no test reaches unless it sets its own.
pub(crate) const WIDE_TIERS: &str = "standard=100000/200000:100000/200000:1000 narrow=5/10:5/10:3";

/// The settings of the tests: short retry delays, cheap hashes, no simulator.
pub(crate) fn config(database: &TestDatabase) -> Config {
    let providers = ProviderSecrets {
        stripe: vec![STRIPE_SECRET.into()],
        middesk: vec![MIDDESK_SECRET.into()],
        docusign: vec![DOCUSIGN_KEY.into()],
    };
    let mut config = Config::for_demo(
        database.url().into(),
        MASTER_KEY.into(),
        SUPPORT_TOKEN.into(),
        providers,
    );
    let settings = &mut config.settings;
    settings.simulator = false;
    settings.key_bcrypt_cost = 4;
    settings.password_bcrypt_cost = 4;
    settings.tiers = Tiers::parse(WIDE_TIERS).unwrap();
    settings.retry_schedule = "100ms,200ms,200ms,300ms,500ms,1s,1s,1s,1s,2s,2s,2s,2s"
        .parse()
        .unwrap();
    settings.delivery_timeout = std::time::Duration::from_secs(2);
    config
}

/// A running server.
pub(crate) struct TestServer {
    pub(crate) running: RunningServer,
    pub(crate) http: Http,
}

impl TestServer {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::start_with(config(database)).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let running = server::start(config).await.expect("the server starts");
        let http = Http::new(&running.base_url).unwrap();
        Self { running, http }
    }

    /// A client with the support token.
    pub(crate) fn support(&self) -> Http {
        self.http.bearer(SUPPORT_TOKEN)
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}
