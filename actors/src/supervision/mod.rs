//! Supervision: who restarts whom, how often, and how it is seen from outside.
//!
//! ractor restarts nothing by itself. A [`Supervisor`] holds a factory for each child; a child
//! that fails or stops unasked is started again after a growing pause, its state rebuilt by its
//! own `pre_start`. Past its budget the supervisor fails as well, and its own supervisor decides.
//! Callers never hold an actor's ref: they hold an [`Address`], which outlives restarts.

mod address;
mod branch;
mod chain;
mod child;
mod lane;
mod spawned;
mod supervisor;
#[cfg(test)]
mod tests;

pub(crate) use address::{Address, CallError};
pub(crate) use branch::{Branch, Vital};
pub(crate) use chain::Chain;
pub(crate) use child::{ChildSpec, Metered, spawn_metered};
pub(crate) use lane::Lane;
pub(crate) use spawned::{spawn_reporting, spawn_reporting_on};
pub(crate) use supervisor::{Supervisor, SupervisorArgs, SupervisorMsg};
