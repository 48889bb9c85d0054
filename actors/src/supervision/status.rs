//! The status of the supervision tree: names, restarts and mailbox lengths.
//!
//! Reading it sends no message, so it works while an actor is stuck. It never changes an actor.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ractor::Message;

use super::actor_handle::ActorHandle;
use crate::contract::ActorView;

/// The status of one actor, shared by its supervisor and the readers of the tree.
pub(crate) struct ChildStatus {
    name: String,
    kind: &'static str,
    restarts: AtomicU64,
    down: AtomicBool,
    mailbox: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    children: Box<dyn Fn() -> Vec<ActorView> + Send + Sync>,
}

impl ChildStatus {
    /// The status of an actor that attaches to `handle` and has no children.
    pub(crate) fn new<M: Message>(name: &str, kind: &'static str, handle: &ActorHandle<M>) -> Self {
        let handle = handle.clone();
        Self {
            name: name.to_owned(),
            kind,
            restarts: AtomicU64::new(0),
            down: AtomicBool::new(true),
            mailbox: Box::new(move || handle.mailbox_len()),
            children: Box::new(Vec::new),
        }
    }

    /// Adds children. `children` lists them.
    pub(crate) fn with_children(
        mut self,
        children: impl Fn() -> Vec<ActorView> + Send + Sync + 'static,
    ) -> Self {
        self.children = Box::new(children);
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    pub(crate) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    fn view(&self) -> ActorView {
        let down = self.down.load(Ordering::Relaxed);
        ActorView {
            name: self.name.clone(),
            kind: self.kind.to_owned(),
            restarts: self.restarts.load(Ordering::Relaxed),
            mailbox: if down { None } else { (self.mailbox)() },
            state: if down { "restarting" } else { "running" }.to_owned(),
            children: (self.children)(),
        }
    }
}

impl std::fmt::Debug for ChildStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChildStatus")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The children of one supervisor. It stays valid across restarts of the supervisor.
#[derive(Debug, Default)]
pub(crate) struct SupervisorStatus {
    children: Mutex<Vec<Arc<ChildStatus>>>,
    draining: AtomicBool,
}

impl SupervisorStatus {
    pub(crate) fn list(&self, children: Vec<Arc<ChildStatus>>) {
        *self.children.lock().unwrap_or_else(PoisonError::into_inner) = children;
    }

    /// Disables restarts: children that stop from now on stay down.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(crate) fn view(&self) -> Vec<ActorView> {
        let children = self
            .children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        children.iter().map(|status| status.view()).collect()
    }
}
