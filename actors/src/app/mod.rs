//! How the platform is put together: the context that every call can reach, the wiring of the modules, and the supervision tree.
//!
//! The only folder that sees all others. It holds no rule.

mod context;
#[cfg(feature = "fault-injection")]
mod fault_injection;
mod start;
mod tree;
mod wiring;

pub(crate) use context::AppContext;
#[cfg(feature = "fault-injection")]
pub use fault_injection::ActorKind;
pub use start::StartError;
pub(crate) use start::migrate;
#[cfg(test)]
pub(crate) use wiring::Modules;
