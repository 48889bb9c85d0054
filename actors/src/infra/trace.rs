//! The trace of the current task, in task-local storage.
//!
//! Code that records events reads it from here. This module never exports spans.

use super::vault::entropy;
use crate::domain::trace_context::{TRACE_ENTROPY, TraceContext};

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// Creates a trace with a random ID.
#[must_use]
pub fn new_trace() -> TraceContext {
    let mut bytes = [0; TRACE_ENTROPY];
    entropy(&mut bytes);
    TraceContext::new(bytes)
}

/// Runs `work` with `trace` as the current trace of its task.
pub async fn with_trace<T>(trace: TraceContext, work: impl Future<Output = T>) -> T {
    CURRENT.scope(trace, work).await
}

/// The trace of the current task, if it has one.
pub(crate) fn current() -> Option<TraceContext> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// A new span of the same trace.
pub(crate) fn child_of(trace: TraceContext) -> TraceContext {
    let mut span = [0; 8];
    entropy(&mut span);
    trace.child(span)
}
