//! The assembly of the platform: the application context, the wiring of the modules and the supervision tree.
//!
//! Only this module and `api` depend on all others. It never applies a rule.

mod context;
#[cfg(feature = "fault-injection")]
mod fault_injection;
mod installation;
mod start;
mod start_error;
mod tree;
mod wiring;

pub(crate) use context::AppContext;
#[cfg(feature = "fault-injection")]
pub use fault_injection::ActorKind;
pub(crate) use start::migrate;
pub use start_error::StartError;
pub(crate) use wiring::Modules;
