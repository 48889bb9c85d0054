//! Permits for a creditor's concurrent requests.
//!
//! Owns the release of a permit on drop. It never counts permits; the tenant entry does.

use std::fmt;
use std::sync::Arc;

/// The kind of caller that a permit or bucket belongs to. Keys and sessions have separate limits. A
/// runaway key must not lock its owner out of the dashboard, and a script with a session must not
/// block the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerClass {
    Keys,
    Sessions,
}

/// The counter to which a permit is returned.
pub(super) trait ReleasePermit: Send + Sync {
    fn release(&self, class: CallerClass);
}

/// A permit for one request in progress. Dropping it frees the permit.
pub struct Permit {
    owner: Arc<dyn ReleasePermit>,
    class: CallerClass,
}

impl Permit {
    /// Wraps a permit that `owner` has already counters.
    pub(super) fn new(owner: Arc<dyn ReleasePermit>, class: CallerClass) -> Self {
        Self { owner, class }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Permit").field(&self.class).finish()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.owner.release(self.class);
    }
}
