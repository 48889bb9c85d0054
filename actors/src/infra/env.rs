//! What every module stands on: the database, the clock, the settings and the vault.

use entities::Database;

use super::clock::Clock;
use super::settings::Settings;
use super::vault::Vault;

/// The environment of one process. Modules share it behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Env {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) vault: Vault,
}
