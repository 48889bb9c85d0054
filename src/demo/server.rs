//! The server of the demo: the complete product, started in this process on a free port.
//!
//! The only file of the demo that uses the server's own modules. All other files use HTTP.

use std::path::Path;
use std::time::Duration;

use actors::{Mode, ProviderSecrets};
use secrecy::SecretString;
use tracing_appender::non_blocking::WorkerGuard;

use super::DemoOptions;
use super::failure::Failure;
use super::random;
use crate::config::Config;
use crate::server::{self, RunningServer};
use crate::telemetry;

/// Short waits, so that deliveries arrive soon after the receiver comes up. They are long enough to keep the endpoint's
/// circuit breaker from opening at once, and there are enough retries for the whole demo.
const RETRY_SCHEDULE: &str = "1s,1s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s,2s";

/// The time limit of one delivery attempt, which goes over loopback.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(2);

/// The secrets that the demo gives its server.
pub(super) struct ServerKeys {
    /// Bearer token of the support API.
    pub(super) support_token: SecretString,
    /// Stripe Connect endpoint secret.
    pub(super) stripe: SecretString,
    /// Middesk webhook secret.
    pub(super) middesk: SecretString,
    /// DocuSign Connect HMAC key.
    pub(super) docusign: SecretString,
}

impl ServerKeys {
    /// Generates random secrets.
    pub(super) fn draw() -> Self {
        Self {
            support_token: SecretString::from(random::hex(24)),
            stripe: SecretString::from(format!("whsec_{}", random::hex(24))),
            middesk: SecretString::from(random::hex(24)),
            docusign: SecretString::from(random::base64()),
        }
    }

    /// All secrets, for the narrator to mask.
    pub(super) fn all(&self) -> [&SecretString; 4] {
        [
            &self.support_token,
            &self.stripe,
            &self.middesk,
            &self.docusign,
        ]
    }
}

/// Starts the server on the Postgres database of `options`, or on a new SQLite database in `directory`.
pub(super) async fn start(
    directory: &Path,
    options: &DemoOptions,
    keys: &ServerKeys,
) -> Result<RunningServer, Failure> {
    let started = server::start(config(directory, options, keys)?).await;
    started.map_err(|error| Failure::broken("start the server", error))
}

/// Starts the server's log on stderr if `RUST_LOG` is set. Without it the log would hide the demo's output. Lines are
/// written until the guard is dropped.
pub(super) fn log_if_asked() -> Option<WorkerGuard> {
    let filter = std::env::var_os("RUST_LOG").filter(|filter| !filter.is_empty());
    filter.map(|_| telemetry::start(Mode::Sandbox))
}

/// A sandbox configuration with short waits.
fn config(directory: &Path, options: &DemoOptions, keys: &ServerKeys) -> Result<Config, Failure> {
    let providers = ProviderSecrets {
        stripe: vec![keys.stripe.clone()],
        middesk: vec![keys.middesk.clone()],
        docusign: vec![keys.docusign.clone()],
    };
    let database = match options.postgres() {
        Some(url) => url.clone(),
        None => format!("sqlite://{}?mode=rwc", directory.join("demo.db").display()).into(),
    };
    let master_key = options.master_key.clone();
    let master_key = master_key.unwrap_or_else(|| SecretString::from(random::base64()));
    let mut config = Config::for_demo(database, master_key, keys.support_token.clone(), providers);
    let settings = &mut config.settings;
    settings.retry_schedule = RETRY_SCHEDULE
        .parse()
        .map_err(|error| Failure::broken("parse the demo's retry schedule", error))?;
    settings.delivery_timeout = DELIVERY_TIMEOUT;
    Ok(config)
}
