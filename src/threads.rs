//! The threads that the program runs on.

use tokio::runtime::{Builder, Runtime};

/// Tasks that a worker takes from its own queue before it looks at what came from elsewhere. A database that answers from
/// a thread of its own, as SQLite does, comes from elsewhere: a request that changes an account, and waits for the next of its
/// answers, must not wait behind hundreds of others each time, for everybody waits for whoever is in a transaction. Those who
/// always write have a thread of their own.
const TASKS_BETWEEN: u32 = 4;

/// One worker a core.
///
/// # Errors
/// When the system gives no threads.
pub fn start() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .global_queue_interval(TASKS_BETWEEN)
        .build()
}
