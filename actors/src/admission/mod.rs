//! Admission checks whether a key is genuine, not ended, allowed for the request, and within both
//! limits.
//!
//! Requests are decided in the tenant state. Only the tenant actor loads snapshots and has secrets
//! verified. Data that must outlive the actor (limit buckets, permits) is in the [`TenantCache`].
//! A bcrypt result is cached only as "this secret matches this hash". Admission never caches the
//! status of a key with it: every request checks the status in the current snapshot.

mod admit;
mod authorize;
mod bounded_cache;
mod buckets;
mod client_network;
mod decision;
mod failure_throttle;
mod fixed_window_counters;
mod handle;
mod key_guess_throttle;
mod key_scope;
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

pub(crate) use bounded_cache::BoundedCache;
pub use decision::Rejection;
pub(crate) use failure_throttle::{FailureLimits, FailureThrottle, SubjectLimits};
pub(crate) use fixed_window_counters::Window;
pub(crate) use handle::Admission;
pub(crate) use key_guess_throttle::KeyGuessThrottle;
pub use permit::Permit;
pub(crate) use session_limits::admit_session;
pub(crate) use tenant_cache::TenantCache;
pub(crate) use tree::admission_tree;
pub(crate) use verified_secrets::VerifiedSecrets;
