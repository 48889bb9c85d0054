//! A thread of its own for actors whose every step somebody waits for.
//!
//! Among thousands of requests and sends that are ready to go on, a task of the shared threads gets its next turn after all of
//! them. A writer to the database takes half a dozen turns a commit, and while it waits for one the database has nothing to do.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// Where such actors live.
#[derive(Debug)]
pub(crate) struct Lane {
    handle: Handle,
    /// Ends with the lane; none is the runtime of whoever made it.
    own: Option<Runtime>,
}

impl Lane {
    /// A thread of this name.
    ///
    /// # Errors
    /// When the operating system has none left.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let own = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: own.handle().clone(),
            own: Some(own),
        })
    }

    /// The threads that everybody shares.
    #[cfg(test)]
    pub(crate) fn shared() -> Self {
        Self {
            handle: Handle::current(),
            own: None,
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Lane {
    /// Its last user may be on it: nobody waits for the thread.
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            own.shutdown_background();
        }
    }
}
