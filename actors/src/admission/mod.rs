//! Admission: is this key genuine, alive, allowed here, and within both limits?
//!
//! The decision is taken at the tenant's desk, which its actor keeps ready: the actor alone reads
//! live state and has secrets proven. What must outlive the actor (limit cells, permits) lives in
//! the [`TenantBook`]; what is remembered of bcrypt is only "this secret matches this hash", and
//! whether the key is alive is judged on live state at every request.

mod admit;
mod authorize;
mod buckets;
mod client_network;
mod decision;
mod fixed_window_counters;
mod handle;
mod key_guess_throttle;
mod permit;
mod registry;
mod registry_msg;
mod request;
mod secret_verifier;
mod session_limits;
mod tenant;
mod tenant_cache;
mod tenant_entry;
mod tenant_msg;
mod tenant_snapshot;
mod tenant_state;
mod tree;
mod try_decide;
mod verified_secrets;

pub(crate) use client_network::Source;
pub(crate) use decision::Refusal;
pub(crate) use fixed_window_counters::{Window, Windows};
pub(crate) use handle::Admission;
pub(crate) use key_guess_throttle::Guesses;
pub use permit::Permit;
pub(crate) use session_limits::admit_person;
pub(crate) use tenant_cache::TenantBook;
pub(crate) use tree::admission_branch;
pub(crate) use verified_secrets::Proofs;
#[cfg(feature = "fault-injection")]
pub(crate) use {registry_msg::RegistryMsg, secret_verifier::VerifierMsg, tenant_msg::TenantMsg};
