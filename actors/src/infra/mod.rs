//! Infrastructure for all other modules: clock, settings, encryption, entropy, tracing, bcrypt pool, host names.
//!
//! It never depends on an actor.

mod bcrypt_pool;
pub mod clock;
mod env;
mod host_lookup;
#[cfg(test)]
mod host_lookup_tests;
mod settings;
mod stored_enums;
pub mod trace;
mod vault;

pub(crate) use bcrypt_pool::{BcryptError, BcryptPool};
pub(crate) use clock::{Clock, Now};
pub(crate) use env::Env;
pub(crate) use host_lookup::{HostLookup, LookupError};
pub use settings::{Mode, ProviderSecrets, Settings, SupportToken, Timeouts};
pub use vault::VaultError;
pub(crate) use vault::{Vault, entropy};
