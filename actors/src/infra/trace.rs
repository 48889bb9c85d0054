//! The trace of the work under way, for whoever writes down what follows from it.

use super::vault::entropy;
use crate::domain::trace_context::{TRACE_ENTROPY, TraceContext};

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A trace of its own.
#[must_use]
pub fn fresh() -> TraceContext {
    let mut bytes = [0; TRACE_ENTROPY];
    entropy(&mut bytes);
    TraceContext::new(bytes)
}

/// Does `work` as part of the trace.
pub async fn within<T>(trace: TraceContext, work: impl Future<Output = T>) -> T {
    CURRENT.scope(trace, work).await
}

/// The trace of the current task, if it belongs to one.
pub(crate) fn current() -> Option<TraceContext> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Another span of the same trace.
pub(crate) fn child_of(trace: TraceContext) -> TraceContext {
    let mut span = [0; 8];
    entropy(&mut span);
    trace.child(span)
}
