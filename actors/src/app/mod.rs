//! How the platform is put together: the context that every call can reach, the wiring of the modules, and the supervision tree.
//!
//! The only folder that sees all others. It holds no rule.

mod context;
mod tree;

pub(crate) use context::{Addresses, FilePermit, House, OPEN_FILES};
pub(crate) use tree::Tree;
