//! The environment that every module uses: database, clock, settings, vault and host names.

use entities::Database;

use super::clock::Clock;
use super::host_lookup::HostLookup;
use super::settings::Settings;
use super::vault::Vault;

/// The environment of one process, shared behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Env {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) vault: Vault,
    pub(crate) hosts: HostLookup,
}
