//! The command-line flags.
//!
//! Secrets have no flag, because every user of the machine can read the arguments of a process.

use std::path::PathBuf;

use clap::Args;

/// The flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// A TOML file with settings; its keys are the flags' names with underscores
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one (env `PARTNER_API_LISTEN`)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// `sqlite:` or `postgres:` URL; use the environment if it holds a password (env `DATABASE_URL`)
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// sandbox or production (env `PARTNER_API_MODE`)
    #[arg(long, global = true)]
    pub mode: Option<String>,
    /// bcrypt cost of API key secrets (env `PARTNER_API_KEY_BCRYPT_COST`)
    #[arg(long, global = true, value_name = "4-31")]
    pub key_bcrypt_cost: Option<String>,
    /// bcrypt cost of passwords (env `PARTNER_API_PASSWORD_BCRYPT_COST`)
    #[arg(long, global = true, value_name = "4-31")]
    pub password_bcrypt_cost: Option<String>,
    /// Waits between delivery attempts (env `PARTNER_API_RETRY_SCHEDULE`)
    #[arg(long, global = true, value_name = "5s,30s,…")]
    pub retry_schedule: Option<String>,
    /// Time limit of one delivery attempt (env `PARTNER_API_DELIVERY_TIMEOUT`)
    #[arg(long, global = true, value_name = "15s")]
    pub delivery_timeout: Option<String>,
    /// How long event payloads are kept (env `PARTNER_API_PAYLOAD_RETENTION`)
    #[arg(long, global = true, value_name = "30d")]
    pub payload_retention: Option<String>,
    /// How long delivery attempts are kept (env `PARTNER_API_ATTEMPT_RETENTION`)
    #[arg(long, global = true, value_name = "90d")]
    pub attempt_retention: Option<String>,
    /// Non-public CIDRs that deliveries may reach (env `PARTNER_API_WEBHOOK_ALLOW`)
    #[arg(long, global = true, value_name = "CIDR,…")]
    pub webhook_allow: Option<String>,
    /// CIDRs of proxies whose X-Forwarded-For is trusted (env `PARTNER_API_TRUSTED_PROXIES`)
    #[arg(long, global = true, value_name = "CIDR,…")]
    pub trusted_proxies: Option<String>,
    /// Rate limits by tier (env `PARTNER_API_TIERS`)
    #[arg(long, global = true, value_name = "name=rps/burst:rps/burst:n,…")]
    pub tiers: Option<String>,
    /// Whether the simulator takes the role of operations: on or off (env `PARTNER_API_SIMULATOR`)
    #[arg(long, global = true, value_name = "on|off")]
    pub simulator: Option<String>,
}

impl Flags {
    /// The value of the flag for this settings key. `None` if the flag is not set or the key has no flag.
    pub(super) fn get(&self, key: &str) -> Option<&String> {
        match key {
            "listen" => self.listen.as_ref(),
            "database_url" => self.database_url.as_ref(),
            "mode" => self.mode.as_ref(),
            "key_bcrypt_cost" => self.key_bcrypt_cost.as_ref(),
            "password_bcrypt_cost" => self.password_bcrypt_cost.as_ref(),
            "retry_schedule" => self.retry_schedule.as_ref(),
            "delivery_timeout" => self.delivery_timeout.as_ref(),
            "payload_retention" => self.payload_retention.as_ref(),
            "attempt_retention" => self.attempt_retention.as_ref(),
            "webhook_allow" => self.webhook_allow.as_ref(),
            "trusted_proxies" => self.trusted_proxies.as_ref(),
            "tiers" => self.tiers.as_ref(),
            "simulator" => self.simulator.as_ref(),
            _ => None,
        }
    }
}
