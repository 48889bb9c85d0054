//! Supervision: who restarts whom, how often, and how it is seen from outside.
//!
//! ractor restarts nothing by itself. A [`Supervisor`] holds a factory for each child; a child
//! that fails or stops unasked is started again after a growing pause, its state rebuilt by its
//! own `pre_start`. Past its budget the supervisor fails as well, and its own supervisor decides.
//! Callers never hold an actor's ref: they hold an [`ActorHandle`], which outlives restarts.

mod actor_handle;
mod child_spec;
mod dedicated_runtime;
mod metered;
mod periodic_task;
mod recipient;
mod spawn;
mod status;
mod supervisor;
#[cfg(test)]
mod tests;

pub(crate) use actor_handle::{ActorHandle, CallError};
pub(crate) use child_spec::ChildSpec;
pub(crate) use dedicated_runtime::DedicatedRuntime;
pub(crate) use metered::{Metered, spawn_metered};
pub(crate) use periodic_task::PeriodicTask;
pub(crate) use recipient::Recipient;
pub(crate) use spawn::{spawn_and_notify, spawn_and_notify_on};
pub(crate) use status::{ChildStatus, SupervisorStatus};
pub(crate) use supervisor::{Supervisor, SupervisorArgs, SupervisorMsg};
