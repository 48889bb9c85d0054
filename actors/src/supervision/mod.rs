//! Supervision: restarts of failed actors, and the status of the supervision tree.
//!
//! ractor does not restart actors by itself. A [`Supervisor`] holds a factory for each child. It restarts a child that
//! fails or stops unexpectedly, after a backoff. The child's `pre_start` rebuilds its state. A supervisor whose restart
//! budget is used up fails as well, and its own supervisor decides what to do. Callers never hold an `ActorRef`. They
//! hold an [`ActorHandle`], which stays valid across restarts. This module never knows what an actor does.

mod actor;
mod actor_handle;
mod child_spec;
mod dedicated_runtime;
mod periodic_task;
mod recipient;
mod spawn;
mod status;
mod supervisor;
#[cfg(test)]
mod tests;

pub(crate) use actor::{Actor, spawn_actor, spawn_child};
pub(crate) use actor_handle::{ActorHandle, CallError};
pub(crate) use child_spec::ChildSpec;
pub(crate) use dedicated_runtime::DedicatedRuntime;
pub(crate) use periodic_task::PeriodicTask;
pub(crate) use recipient::Recipient;
pub(crate) use spawn::{spawn_and_notify, spawn_and_notify_on};
pub(crate) use status::{ChildStatus, SupervisorStatus};
pub(crate) use supervisor::Supervisor;
