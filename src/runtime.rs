//! The threads that the program runs on.

use tokio::runtime::{Builder, Runtime};

/// Tasks that a worker takes from its own queue before it looks at what came from elsewhere. A database that answers from
/// a thread of its own, as SQLite does, comes from elsewhere: a Writer that waits for the next of its twenty answers must not
/// wait behind hundreds of requests each time, for everybody waits for the Writer.
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
