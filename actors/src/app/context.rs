//! The application context: the handles of all modules and the state of the process as a whole.
//!
//! Owns the supervision tree, the dedicated runtime and the SQLite lock file. Never applies a rule.

use std::fs::File;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;

use super::tree::Tree;
use super::wiring::Modules;
use crate::supervision::DedicatedRuntime;

/// The running platform.
#[derive(Debug)]
pub(crate) struct AppContext {
    pub(crate) modules: Modules,
    pub(crate) tree: Tree,
    pub(crate) draining: AtomicBool,
    /// Becomes true when the root supervisor has ended.
    pub(crate) failed: watch::Receiver<bool>,
    pub(super) _runtime: DedicatedRuntime,
    pub(super) _lock: Option<File>,
}
