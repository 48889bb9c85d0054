//! What everything else stands on: the clock, settings, encryption, entropy, tracing, and the bcrypt pool.

mod bcrypt_pool;
pub mod clock;
mod settings;
pub mod trace;
mod vault;

pub(crate) use bcrypt_pool::BcryptPool;
pub(crate) use clock::Clock;
pub use settings::{Mode, ProviderSecrets, Settings, SupportToken};
pub use vault::VaultError;
pub(crate) use vault::{Vault, entropy};
