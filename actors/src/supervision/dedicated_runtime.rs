//! A runtime with one thread for latency-critical actors.
//!
//! On the shared runtime a task is polled again only after every task that is already runnable, which may be thousands
//! of requests and sends. A commit takes about six polls of the writing task, and the database is idle between them.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime with one worker thread. The application context owns it. The modules hold only its [`Handle`], because a
/// module that an actor on this runtime keeps alive must not own the runtime.
#[derive(Debug)]
pub(crate) struct DedicatedRuntime(Option<Runtime>);

impl DedicatedRuntime {
    /// Starts a runtime whose thread is called `name`.
    ///
    /// # Errors
    /// The operating system cannot create the thread.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// The handle for spawning on this runtime.
    pub(crate) fn handle(&self) -> Handle {
        let runtime = self.0.as_ref();
        runtime.map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for DedicatedRuntime {
    /// Shuts the runtime down without blocking, because an async task may drop it and must not block.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
