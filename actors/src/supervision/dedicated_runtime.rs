//! A thread of its own for actors, and work of actors, whose every step somebody waits for.
//!
//! Among thousands of requests and sends that are ready to go on, a task of the shared threads gets its next turn after all of
//! them. A writer to the database takes half a dozen turns a commit, and while it waits for one the database has nothing to do.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// Such a thread. It belongs to whoever holds the tree, and not to the house: who lives on it has the house.
#[derive(Debug)]
pub(crate) struct DedicatedRuntime(Option<Runtime>);

impl DedicatedRuntime {
    /// A thread of this name.
    ///
    /// # Errors
    /// When the operating system has none left.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where to spawn who shall live on it.
    pub(crate) fn handle(&self) -> Handle {
        let runtime = self.0.as_ref();
        runtime.map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for DedicatedRuntime {
    /// Nobody waits for it: it may be dropped by a task.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
