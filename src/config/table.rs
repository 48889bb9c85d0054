//! The table of settings: the one place that states each setting's name, variable, flag, default and help.
//!
//! Never reads or interprets a value.

use super::ConfigError;

/// One setting.
pub(super) struct Setting {
    /// Its key in the TOML file. The flag has the same name, with dashes.
    pub(super) key: &'static str,
    /// Its environment variable.
    pub(super) variable: &'static str,
    /// Its flag. Secrets have none, because every user of the machine can read the arguments of a process.
    pub(super) flag: Option<Flag>,
    /// Whether its value is masked when it is shown.
    pub(super) is_secret: bool,
    default: DefaultValue,
}

/// What `--help` says about a setting.
pub(super) struct Flag {
    /// The placeholder of the value.
    pub(super) value_name: &'static str,
    pub(super) help: &'static str,
}

/// The default of a setting.
#[derive(Clone, Copy)]
enum DefaultValue {
    /// None.
    Unset,
    /// The same in both modes.
    Fixed(&'static str),
    /// In the sandbox, and in production.
    PerMode(&'static str, &'static str),
}

use DefaultValue::{Fixed, PerMode, Unset};

impl Setting {
    const fn new(
        key: &'static str,
        variable: &'static str,
        default: DefaultValue,
        value_name: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            key,
            variable,
            flag: Some(Flag { value_name, help }),
            is_secret: false,
            default,
        }
    }

    const fn secret(key: &'static str, variable: &'static str) -> Self {
        Self {
            key,
            variable,
            flag: None,
            is_secret: true,
            default: Unset,
        }
    }

    const fn masked(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// An error that names the variable, also if the value comes from a flag or from the TOML file.
    pub(super) fn invalid(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::Invalid {
            variable: self.variable,
            problem: problem.into(),
        }
    }

    /// The default in one mode. `None` if there is none.
    pub(super) fn default_text(&self, production: bool) -> Option<&'static str> {
        match self.default {
            Unset => None,
            Fixed(text) => Some(text),
            PerMode(sandbox, live) => Some(if production { live } else { sandbox }),
        }
    }
}

macro_rules! settings {
    ($($name:ident = $setting:expr;)+) => {
        $(pub(super) const $name: Setting = $setting;)+
        /// Every setting. The mode comes first, because the defaults of other settings depend on it.
        pub(super) const ALL: &[&Setting] = &[$(&$name),+];
    };
}

settings! {
    MODE = Setting::new("mode", "PARTNER_API_MODE", Fixed("sandbox"), "sandbox|production", "sandbox or production");
    LISTEN = Setting::new(
        "listen", "PARTNER_API_LISTEN", Fixed("127.0.0.1:8080"), "ADDRESS:PORT", "Address to listen on; port 0 picks a free one",
    );
    DATABASE_URL = Setting::new(
        "database_url", "DATABASE_URL", Fixed("sqlite://partner-api.db?mode=rwc"), "URL",
        "sqlite: or postgres: URL; use the environment if it holds a password",
    ).masked();
    MASTER_KEY = Setting::secret("master_key", "PARTNER_API_MASTER_KEY");
    SUPPORT_TOKEN = Setting::secret("support_token", "PARTNER_API_SUPPORT_TOKEN");
    STRIPE = Setting::secret("stripe_webhook_secret", "PARTNER_API_STRIPE_WEBHOOK_SECRET");
    MIDDESK = Setting::secret("middesk_webhook_secret", "PARTNER_API_MIDDESK_WEBHOOK_SECRET");
    DOCUSIGN = Setting::secret("docusign_hmac_key", "PARTNER_API_DOCUSIGN_HMAC_KEY");
    KEY_COST = Setting::new("key_bcrypt_cost", "PARTNER_API_KEY_BCRYPT_COST", Fixed("6"), "4-31", "bcrypt cost of API key secrets");
    PASSWORD_COST = Setting::new(
        "password_bcrypt_cost", "PARTNER_API_PASSWORD_BCRYPT_COST", Fixed("12"), "4-31", "bcrypt cost of passwords",
    );
    RETRY_SCHEDULE = Setting::new(
        "retry_schedule", "PARTNER_API_RETRY_SCHEDULE", Fixed("5s,30s,2m,10m,1h,3h,8h,12h,24h,24h"), "5s,30s,…",
        "Waits between delivery attempts",
    );
    DELIVERY_TIMEOUT = Setting::new(
        "delivery_timeout", "PARTNER_API_DELIVERY_TIMEOUT", Fixed("15s"), "15s", "Time limit of one delivery attempt",
    );
    PAYLOAD_RETENTION = Setting::new(
        "payload_retention", "PARTNER_API_PAYLOAD_RETENTION", Fixed("30d"), "30d", "How long event payloads are kept",
    );
    ATTEMPT_RETENTION = Setting::new(
        "attempt_retention", "PARTNER_API_ATTEMPT_RETENTION", Fixed("90d"), "90d", "How long delivery attempts are kept",
    );
    WEBHOOK_ALLOW = Setting::new(
        "webhook_allow", "PARTNER_API_WEBHOOK_ALLOW", PerMode("127.0.0.0/8,::1/128", ""), "CIDR,…",
        "Non-public CIDRs that deliveries may reach",
    );
    DNS_SERVERS = Setting::new(
        "dns_servers", "PARTNER_API_DNS_SERVERS", Unset, "IP:PORT,…", "Name servers for the hosts of webhooks; unset: those of the operating system",
    );
    TRUSTED_PROXIES = Setting::new(
        "trusted_proxies", "PARTNER_API_TRUSTED_PROXIES", Unset, "CIDR,…", "CIDRs of proxies whose X-Forwarded-For is trusted",
    );
    TIERS = Setting::new(
        "tiers", "PARTNER_API_TIERS", Fixed(actors::domain::limits::DEFAULT_TIERS), "name=rps/burst:rps/burst:n,…",
        "Rate limits by tier",
    );
    SIMULATOR = Setting::new(
        "simulator", "PARTNER_API_SIMULATOR", PerMode("on", "off"), "on|off",
        "Whether the simulator takes the role of operations",
    );
}
