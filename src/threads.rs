//! The tokio runtime of the program.

use tokio::runtime::{Builder, Runtime};

/// How many tasks a worker runs from its local queue before it polls the global queue.
///
/// SQLite runs on its own thread, so its results wake tasks through the global queue. A request inside a transaction
/// blocks all other writers. It must not wait behind hundreds of local tasks after each statement. The writer actors
/// are not affected: they run on a dedicated runtime.
const GLOBAL_QUEUE_INTERVAL: u32 = 4;

/// Starts a multi-threaded runtime with one worker per core.
///
/// # Errors
/// [`std::io::Error`] if the operating system cannot create the threads.
pub fn start() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .global_queue_interval(GLOBAL_QUEUE_INTERVAL)
        .build()
}
