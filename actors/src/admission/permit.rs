//! A place among a creditor's concurrent requests.

use std::fmt;
use std::sync::Arc;

/// Who takes from a limit. Keys and sessions_bucket each have their own: a key that runs wild must not lock its owner out of the
/// settings, nor a person's script stop the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerClass {
    Keys,
    Sessions,
}

/// Whoever counts the places.
pub(super) trait ReleasePermit: Send + Sync {
    fn release(&self, class: CallerClass);
}

/// A request in progress: gives its place back when it is dropped.
pub struct Permit {
    owner: Arc<dyn ReleasePermit>,
    class: CallerClass,
}

impl Permit {
    /// The place must have been taken.
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
