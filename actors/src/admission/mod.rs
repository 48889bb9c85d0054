//! Admission: is this key genuine, alive, allowed here, and within both limits?
//!
//! The decision is taken at the tenant's state, which its actor keeps ready: the actor alone reads
//! live state and has secrets proven. What must outlive the actor (limit buckets, permits) lives in
//! the [`TenantCache`]; what is remembered of bcrypt is only "this secret matches this hash", and
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

pub(crate) use client_network::ClientNetwork;
pub(crate) use decision::Rejection;
pub(crate) use fixed_window_counters::{FixedWindowCounters, Window};
pub(crate) use handle::Admission;
pub(crate) use key_guess_throttle::KeyGuessThrottle;
pub use permit::Permit;
pub(crate) use session_limits::admit_session;
pub(crate) use tenant_cache::TenantCache;
pub(crate) use tree::admission_tree;
pub(crate) use verified_secrets::VerifiedSecrets;
#[cfg(feature = "fault-injection")]
pub(crate) use {
    registry_msg::RegistryMsg, secret_verifier::SecretVerifierMsg, tenant_msg::TenantMsg,
};
