//! Everything that a call can reach: the handles of all modules, and the state of the process as a whole.

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
    /// Turns true when the root gives up.
    pub(crate) failed: watch::Receiver<bool>,
    pub(super) _runtime: DedicatedRuntime,
    pub(super) _lock: Option<File>,
}
